/** The kubectl programs of this machine, and terminals in which a person uses one of them. */
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';
import { installation } from '../harness/config.ts';
import { missing as noServers } from '../harness/sharded.ts';

export interface Kubectl {
  /** Its file's name, such as `kubectl.1.29`. */
  readonly name: string;
  readonly path: string;
  /** 29 of 1.29.14. */
  readonly minor: number;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Terminal {
  readonly kubectl: Kubectl;
  /** Runs to the end, however it ends. */
  run(args: readonly string[], input?: string): Promise<Outcome>;
  /** Standard output; throws with all that was printed when the command fails. */
  ok(args: string | readonly string[], input?: string): Promise<string>;
  /** Standard error of a command that must fail. */
  fails(args: string | readonly string[], input?: string): Promise<string>;
  /** Until the command succeeds and prints something that is as wanted. */
  until(args: string | readonly string[], wanted: (stdout: string) => boolean): Promise<string>;
  /**
   * Starts a command that does not end, runs `meanwhile` once it has printed, and ends it when all
   * it printed is as wanted.
   */
  follow(
    args: string | readonly string[],
    wanted: (stdout: string) => boolean,
    meanwhile?: () => Promise<unknown>,
  ): Promise<string>;
  /** Makes a workspace and enters it, by the plugin that this kubectl can call. */
  createWorkspace(name: string): Promise<string>;
}

const sdkFolders = [
  '/usr/lib/google-cloud-sdk/bin',
  '/usr/share/google-cloud-sdk/bin',
  join(homedir(), 'google-cloud-sdk/bin'),
];
const oldestMinor = 27;
const newestMinor = 33;
const createPluginMinor = 31;
const commandTimeoutMs = 20_000;
const patienceMs = 15_000;
const pauseMs = 50;
const plugins = resolve(import.meta.dirname, '../../bin');

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function execute(path: string, args: readonly string[], env: NodeJS.ProcessEnv, input?: string): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(
      path,
      args,
      { env, timeout: commandTimeoutMs, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

async function minorOf(path: string): Promise<number | undefined> {
  const { stdout } = await execute(path, ['version', '--client', '--output=json'], process.env);
  const minor = /"gitVersion": *"v1\.(\d+)\./.exec(stdout)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/**
 * Plain `kubectl` and `kubectl.1.27` to `kubectl.1.33`, the first of each name; the oldest first,
 * plain `kubectl` last. The newest alone where each test has three shards of its own.
 */
export async function findKubectls(): Promise<readonly Kubectl[]> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...sdkFolders].filter((folder) => folder !== '');
  const names: string[] = [];
  for (let minor = oldestMinor; minor <= newestMinor; minor++) names.push(`kubectl.1.${minor}`);
  names.push('kubectl');
  const found: Kubectl[] = [];
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find(isProgram);
    const minor = path === undefined ? undefined : await minorOf(path);
    if (path !== undefined && minor !== undefined) found.push({ name, path, minor });
  }
  if (installation === 'embedded') return found;
  return noServers === undefined ? oldestAndNewest(found).slice(-1) : [];
}

/** The two ends of what was found; one where there is one. */
export function oldestAndNewest(kubectls: readonly Kubectl[]): readonly Kubectl[] {
  const byAge = kubectls.toSorted((one, other) => one.minor - other.minor);
  return [...new Set([byAge.at(0), byAge.at(-1)])].filter((kubectl) => kubectl !== undefined);
}

function words(args: string | readonly string[]): readonly string[] {
  return typeof args === 'string' ? args.split(' ') : args;
}

function describeOutcome(name: string, args: readonly string[], { code, stdout, stderr }: Outcome): string {
  return `${name} ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`;
}

export interface TerminalOptions {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  /** Where kubectl keeps its caches. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function feedConsumer(path: string, env: NodeJS.ProcessEnv): Terminal['follow'] {
  return (given, wanted, meanwhile) =>
    new Promise((done, failed) => {
      const args = words(given);
      const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      let met = false;
      let started = false;
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        if (!started && meanwhile !== undefined) {
          started = true;
          meanwhile().catch(failed);
        }
        if (wanted(stdout)) {
          met = true;
          child.kill('SIGKILL');
        }
      });
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.once('close', (code) => {
        clearTimeout(timer);
        if (met) done(stdout);
        else failed(new Error(describeOutcome(path, args, { code: code ?? -1, stdout, stderr })));
      });
    });
}

export function openTerminal({ kubectl, kubeconfig, home, environment }: TerminalOptions): Terminal {
  const env = {
    ...process.env,
    PATH: `${plugins}${delimiter}${process.env['PATH'] ?? ''}`,
    NODE_COMPILE_CACHE: join(homedir(), '.cache/kcp-ts'),
    HOME: home,
    KUBECONFIG: kubeconfig,
    ...environment,
  };
  const run: Terminal['run'] = (args, input) => execute(kubectl.path, args, env, input);
  const ok: Terminal['ok'] = async (given, input) => {
    const args = words(given);
    const outcome = await run(args, input);
    if (outcome.code !== 0) throw new Error(describeOutcome(kubectl.name, args, outcome));
    return outcome.stdout;
  };
  return {
    kubectl,
    run,
    ok,
    async fails(given, input) {
      const args = words(given);
      const outcome = await run(args, input);
      if (outcome.code === 0) throw new Error(describeOutcome(kubectl.name, args, outcome));
      return outcome.stderr;
    },
    async until(given, wanted) {
      const args = words(given);
      const end = performance.now() + patienceMs;
      for (;;) {
        const outcome = await run(args);
        if (outcome.code === 0 && wanted(outcome.stdout)) return outcome.stdout;
        if (performance.now() > end)
          throw new Error(`never as wanted: ${describeOutcome(kubectl.name, args, outcome)}`);
        await new Promise((resolved) => setTimeout(resolved, pauseMs));
      }
    },
    follow: feedConsumer(kubectl.path, env),
    createWorkspace: (name) =>
      ok(
        kubectl.minor < createPluginMinor
          ? ['ws', 'create', name, '--enter']
          : ['create', 'workspace', name, '--enter'],
      ),
  };
}
