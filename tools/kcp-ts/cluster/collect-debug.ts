/**
 * What somebody needs who is to say why an installation does not work, in one folder: versions,
 * health, metrics, configuration and the ends of logs. Private keys, tokens and passwords are in
 * files that are not read.
 */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { versionInfo } from '@kcp-ts/program';
import { administratorClient, urlOf } from './ask-part.ts';
import type { PartStatus } from './control.ts';
import { readLayout } from './layout.ts';

/** Of each log, at most. */
const logBytesMax = 1024 * 1024;
const pages = [
  ['version.json', '/version'],
  ['readyz.txt', '/readyz?verbose'],
  ['livez.txt', '/livez?verbose'],
  ['metrics.txt', '/metrics'],
] as const;

async function endOf(path: string): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const position = Math.max(0, size - logBytesMax);
  const { buffer } = await file.read({ position, buffer: Buffer.alloc(size - position) });
  const text = buffer.toString('utf8');
  // A line that is cut off says nothing.
  return position === 0 ? text : text.slice(text.indexOf('\n') + 1);
}

/** The arguments of a process that runs: they name files with secrets, and have none. */
async function argumentsOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').join('\n');
}

/**
 * Writes it to `output`, a folder that is not there yet, and returns what could not be had; rejects
 * where there is no installation in `folder`, or the output cannot be written.
 */
export async function collectDebug(
  folder: string,
  output: string,
  parts: readonly PartStatus[],
): Promise<readonly string[]> {
  const layout = await readLayout(folder);
  if (layout === undefined) throw new Error(`there is no installation in ${folder}`);
  await mkdir(output, { mode: 0o700 });
  const missing: string[] = [];
  const write = async (path: string, text: () => Promise<string>) => {
    try {
      await writeFile(join(output, path), await text(), { mode: 0o600 });
    } catch (error) {
      missing.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const machine = {
    version: versionInfo,
    node: process.version,
    platform: platform(),
    release: release(),
    arch: arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
  await write('machine.json', () => Promise.resolve(JSON.stringify(machine, undefined, 2)));
  await write('parts.json', () =>
    Promise.resolve(JSON.stringify({ layout: layout.parts, running: parts }, undefined, 2)),
  );
  using client = await administratorClient(folder);
  for (const part of layout.parts) {
    const { name } = part;
    await mkdir(join(output, name), { mode: 0o700 });
    const pid = parts.find((each) => each.name === name)?.pid;
    await write(`${name}/log.txt`, () => endOf(join(folder, 'logs', `${name}.log`)));
    if (pid === undefined) continue;
    await write(`${name}/arguments.txt`, () => argumentsOf(pid));
    for (const [file, path] of pages) {
      const url = urlOf(part, path);
      if (url !== undefined) await write(`${name}/${file}`, async () => (await client.request('GET', url)).body);
    }
  }
  return missing;
}
