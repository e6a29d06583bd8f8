import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../build-programs.ts';
import { nonroot, runConfigOf } from './run-config.ts';

const run = promisify(execFile);
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
/**
 * What apt no longer has cannot be fetched again: then the newest is taken, and the test says so.
 */
let baseFlags: readonly string[] = [];

let folder: string;
let layout: string;
let extracted: string;

const make = (...flags: readonly string[]) =>
  run(process.execPath, [join(import.meta.dirname, 'main.ts'), '--arch', architecture, ...flags], { cwd: root });

type Json = Readonly<Record<string, unknown>>;

async function blob({ digest }: { readonly digest: string }): Promise<Buffer> {
  const bytes = await readFile(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)));
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
  return bytes;
}

const parsed = <T>(bytes: Buffer) => JSON.parse(bytes.toString('utf8')) as T;

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly platform?: Json }[];
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

async function readManifest(): Promise<Manifest> {
  const top = parsed<Index>(await readFile(join(layout, 'index.json')));
  const index = parsed<Index>(await blob(top.manifests[0] as { digest: string }));
  return parsed<Manifest>(await blob(index.manifests[0] as { digest: string }));
}

/** One line for each file, directory and link. */
async function listTree(path: string, prefix = ''): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(path)).sort()) {
    const full = join(path, name);
    const found = await lstat(full);
    const mode = (found.mode & 0o7777).toString(8);
    if (found.isSymbolicLink()) lines.push(`${prefix}${name} -> ${await readlink(full)}`);
    else if (found.isDirectory()) {
      lines.push(`${prefix}${name}/ ${mode}`, ...(await listTree(full, `${prefix}${name}/`)));
    } else {
      const hash = createHash('sha256').update(await readFile(full));
      lines.push(`${prefix}${name} ${mode} ${hash.digest('hex')}`);
    }
  }
  return lines;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-image-test-'));
  layout = join(folder, 'layout');
  extracted = join(folder, 'extracted');
  await mkdir(extracted);
  await make('--output', layout).catch(async (error: { readonly stderr?: string }) => {
    if (!/was not found|Unable to fetch|404/.test(error.stderr ?? '')) throw error;
    process.stdout.write('apt no longer has what deploy/image/base-packages.json names: the newest is taken\n');
    baseFlags = ['--newest-base'];
    await make('--output', layout, ...baseFlags);
  });
  for (const layer of (await readManifest()).layers) {
    const archive = join(layout, 'blobs/sha256', layer.digest.slice('sha256:'.length));
    await run('tar', ['--extract', '--preserve-permissions', '--file', archive, '--directory', extracted]);
  }
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

describe('the image', () => {
  it('weighs less than 90 MB', async () => {
    const { layers } = await readManifest();
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    process.stdout.write(`image for ${architecture}: ${(bytes / 1e6).toFixed(1)} MB compressed\n`);
    expect(bytes).toBeLessThan(90e6);
  });

  it('starts as deploy/Dockerfile says', async () => {
    const { config } = parsed<{ config: { User: string; Env: string[]; Entrypoint: string[] } }>(
      await blob((await readManifest()).config),
    );
    const dockerfile = (await readFile(join(root, 'deploy/Dockerfile'), 'utf8')).replaceAll(/\\\n\s*/g, '');
    const instruction = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(dockerfile)?.[1] ?? '';
    expect(config.User).toBe(instruction('USER'));
    expect(config.Env).toEqual(instruction('ENV').split(/\s+/));
    expect(config.Entrypoint).toEqual(JSON.parse(instruction('ENTRYPOINT')));
    expect(dockerfile).toMatch('make image-rootfs ROOTFS=/rootfs');
  });

  it('has the same files when they are written for deploy/Dockerfile, by another build', async () => {
    const second = join(folder, 'rootfs');
    await make('--rootfs', second, ...baseFlags);
    expect(await listTree(second)).toEqual(await listTree(extracted));
  }, 300_000);

  it('says what it is made of', async () => {
    const bom = parsed<{ components: { purl: string; hashes: unknown[] }[] }>(
      await readFile(join(extracted, 'usr/share/sbom/kcp-ts.cdx.json')),
    );
    const { dependencies } = parsed<{ dependencies: Record<string, string> }>(
      await readFile(join(root, 'package.json')),
    );
    const purls = bom.components.map(({ purl }) => purl);
    for (const [name, version] of Object.entries(dependencies))
      expect(purls).toContain(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    expect(purls.filter((purl) => purl.startsWith('pkg:deb/'))).toHaveLength(4);
    expect(bom.components.every(({ hashes }) => hashes.length === 1)).toBe(true);
  });
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stdout.write('Only root can make the namespaces in which the image is started: not tested\n');

describe.skipIf(!isRoot)('a container of the image', () => {
  let container: ChildProcess;
  const output: string[] = [];

  /** A mount and network namespace with the image as its root, which cannot be written to. */
  async function start(): Promise<void> {
    const data = join(folder, 'data');
    await mkdir(data);
    await chown(data, nonroot, nonroot);
    const { environment, entrypoint } = runConfigOf('', { commit: '', treeState: 'clean', date: '' });
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const script = `set -e
      ip link set lo up
      mount --bind "$ROOT" "$ROOT"
      mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
      mount --rbind /dev "$ROOT/dev"
      mount -t proc proc "$ROOT/proc"
      mount --bind "$DATA" "$ROOT/var/lib/kcp-ts"
      mount -o remount,bind,ro "$ROOT"
      exec env -i ${variables.join(' ')} /usr/sbin/chroot --userspec=${nonroot}:${nonroot} "$ROOT" "$@"`;
    const namespaces = ['--mount', '--net', '--pid', '--fork'];
    container = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', ...entrypoint, 'start'], {
      env: { ...process.env, ROOT: extracted, DATA: data },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = createInterface({ input: container.stdout as NodeJS.ReadableStream });
    container.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    await new Promise<void>((ready, failed) => {
      lines.on('line', (line) => {
        output.push(line);
        if (line.includes('ready to serve')) ready();
      });
      container.once('exit', (code) => failed(new Error(`it ended with ${code}: ${output.join('\n')}`)));
    });
  }

  const within = (command: string, ...args: readonly string[]) =>
    run('nsenter', ['--target', String(container.pid), '--net', command, ...args]);

  afterAll(async () => {
    if (container.exitCode !== null || container.signalCode !== null) return;
    const ended = new Promise((resolve) => container.once('exit', resolve));
    // The signal of --kill-child is lost with the change of user, so the first process of the
    // namespace is ended.
    const children = await readFile(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8');
    for (const child of children.split(' ').filter((pid) => pid !== '')) process.kill(Number(child), 'SIGKILL');
    await ended;
  });

  it('serves as nobody in particular, on a root that it cannot write to', async () => {
    await start();
    const ask = `const { request } = require('node:https');
      request('https://127.0.0.1:6443/readyz', { rejectUnauthorized: false, agent: false }, (answer) => {
        console.log(answer.statusCode);
        answer.resume();
      }).end();`;
    expect((await within(process.execPath, '-e', ask)).stdout.trim()).toBe('200');
    const { stdout } = await run('ps', ['--ppid', String(container.pid), '-o', 'uid=,args=']);
    expect(stdout.trim()).toMatch(new RegExp(`^${nonroot} /usr/bin/node .*/app/dist/kcp-ts.js start$`));
  }, 60_000);
});
