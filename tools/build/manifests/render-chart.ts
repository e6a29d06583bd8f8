/** What helm makes of the chart. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../build-programs.ts';
import { environment } from '../config.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { readManifests } from './manifests.ts';

const run = promisify(execFile);

export const chartFolder = join(root, 'deploy/chart');

/** Files of values that come with the chart. */
export const presets = ['embedded', 'sharded', 'ha'] as const;
export type Preset = (typeof presets)[number];

export interface RenderOptions {
  /** The program that `buildKubernetesProgram` built. */
  readonly program: string;
  readonly preset: Preset;
  /** Over those of the preset. */
  readonly values?: object | undefined;
  readonly release?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Runs helm with nothing of this user's. Rejects with what it says. */
export async function runHelm(program: string, args: readonly string[], folder: string): Promise<string> {
  const own = Object.fromEntries(['CACHE', 'CONFIG', 'DATA'].map((name) => [`HELM_${name}_HOME`, join(folder, name)]));
  const { stdout } = await run(program, ['helm', ...args], { env: { ...environment, ...own }, maxBuffer: 1 << 26 });
  return stdout;
}

/** Rejects, with helm's reason, for values that the chart does not take. */
export async function renderChart(options: RenderOptions): Promise<readonly KubernetesObject[]> {
  const { program, preset, values = {}, release = 'kcp-ts', namespace = 'kcp-ts' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-helm-'));
  try {
    const valuesPath = join(folder, 'values.json');
    await writeFile(valuesPath, JSON.stringify(values));
    const presetPath = join(chartFolder, 'presets', `${preset}.yaml`);
    const args = ['template', release, chartFolder, '--namespace', namespace, '-f', presetPath, '-f', valuesPath];
    return readManifests(await runHelm(program, args, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}
