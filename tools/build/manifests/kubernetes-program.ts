/**
 * The program of `tests/k8s`, which is helm, Kubernetes' control plane and a kubelet for tests.
 * It is built from Go modules once, and kept under a name that says what it was built from.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, glob, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSystemClock, pauseAlive } from '@kcp-ts/base';
import { root } from '../build-programs.ts';
import { cacheFolder } from '../config.ts';

const run = promisify(execFile);
const folder = join(root, 'tests/k8s');
const lockMsMax = 3_600_000;
const pollMs = 1_000;

async function digestOfSources(): Promise<string> {
  const paths = ['go.mod', 'go.sum'];
  for await (const path of glob('**/*.go', { cwd: folder })) paths.push(path);
  const hash = createHash('sha256');
  for (const path of paths.sort()) hash.update(path).update(await readFile(join(folder, path)));
  const { stdout } = await run('go', ['version']);
  return hash.update(stdout).digest('hex').slice(0, 16);
}

/** What a release of Kubernetes says of itself, for clients that ask: `v1.36.3`. */
async function versionFlags(): Promise<string> {
  const modules = await readFile(join(folder, 'go.mod'), 'utf8');
  const [, version = '', major = '', minor = ''] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(modules) ?? [];
  const values = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor });
  return values.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`).join(' ');
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Two processes do not build the same at once: the later one waits. A lock that is older than any
 * build is somebody's who was killed.
 */
async function untilLocked(lock: string, isDone: () => Promise<boolean>): Promise<boolean> {
  const clock = createSystemClock();
  for (;;) {
    if (await isDone()) return false;
    const isMade = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (isMade) return true;
    const madeMs = (await stat(lock).catch(() => undefined))?.mtimeMs ?? clock.now();
    if (clock.now() - madeMs > lockMsMax) await rm(lock, { recursive: true, force: true });
    await pauseAlive(clock, pollMs);
  }
}

/** Its path. Takes some minutes the first time on a machine. Rejects with what Go says. */
export async function buildKubernetesProgram(): Promise<string> {
  const path = join(cacheFolder, `kubernetes-${await digestOfSources()}`);
  const lock = `${path}.lock`;
  await mkdir(cacheFolder, { recursive: true });
  if (!(await untilLocked(lock, () => isThere(path)))) return path;
  try {
    const draft = `${path}.${process.pid}`;
    const link = `-ldflags=-s -w ${await versionFlags()}`;
    await run('go', ['build', '-trimpath', link, '-o', draft, '.'], { cwd: folder, maxBuffer: 1 << 26 });
    await rename(draft, path);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
  return path;
}

/** What Go says where its modules cannot be had: no network, or a proxy that does not have one. */
const unreachable =
  /dial tcp|no such host|i\/o timeout|TLS handshake|connection re(?:fused|set)|proxyconnect|: (?:40[34]|410|5\d\d) |server misbehaving|unrecognized import path/;

export type KubernetesProgram =
  | { readonly path: string; readonly missing?: undefined }
  /** Why it cannot be built on this machine. */
  | { readonly path?: undefined; readonly missing: string };

/** The program, or why there is none here; rejects where it is our code that does not build. */
export async function findKubernetesProgram(): Promise<KubernetesProgram> {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0)
    return { missing: 'go is not there: install Go 1.26 or later' };
  try {
    return { path: await buildKubernetesProgram() };
  } catch (error) {
    const said = String((error as { readonly stderr?: unknown }).stderr ?? '');
    if (!unreachable.test(said)) throw error;
    return { missing: `modules of Go cannot be had: ${said.trim().split('\n').at(-1) ?? ''}` };
  }
}
