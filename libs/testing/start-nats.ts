/** A real nats-server for one test, on loopback, with its files in a temporary folder. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsServer } from './config.ts';

export interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly permissions?: {
    readonly publish: { readonly allow: readonly string[] };
    readonly subscribe: { readonly allow: readonly string[] };
  };
}

export interface TestNatsOptions {
  /** PEM texts; with `verify`, clients need a certificate too. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string; readonly verify?: boolean };
  readonly users?: readonly NatsUser[];
}

export interface TestNats extends AsyncDisposable {
  /** The same through all its lives. */
  readonly url: string;
  readonly pid: () => number | undefined;
  /** At once, as a crash. */
  kill(): Promise<void>;
  /** In order. */
  stop(): Promise<void>;
  /** Begins again at the same address. */
  restart(): Promise<void>;
  /** Forgets what was kept; while it is stopped. */
  wipe(): Promise<void>;
}

const startMaxMs = 10_000;

/** Why there is no server to test with; undefined where there is one. */
export function whyNoNats(): string | undefined {
  return spawnSync(natsServer, ['--version']).error === undefined
    ? undefined
    : `there is no ${natsServer}: install nats-server, or name one with NATS_SERVER=`;
}

export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const folder = await mkdtemp(join(tmpdir(), 'nats-'));
  const port = { value: -1 };
  let child = await start(folder, port, options);
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url: `nats://127.0.0.1:${port.value}`,
    pid: () => child.pid,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async restart() {
      await end('SIGTERM');
      child = await start(folder, port, options);
    },
    wipe: () => rm(join(folder, 'data'), { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(folder: string, port: { value: number }, options: TestNatsOptions): Promise<ChildProcess> {
  const config = join(folder, 'nats.conf');
  for (const name of await readdir(folder)) if (name.endsWith('.ports')) await rm(join(folder, name));
  await writeFile(config, JSON.stringify(await configuration(folder, port.value, options)));
  const child = spawn(natsServer, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-4_000);
  });
  for (const deadline = performance.now() + startMaxMs; performance.now() < deadline; await sleep(10)) {
    if (child.exitCode !== null) break;
    const found = (await readdir(folder)).find((name) => name.endsWith('.ports'));
    const text = found === undefined ? '' : await readFile(join(folder, found), 'utf8');
    const address = /(?:nats|tls):\/\/[^"]*:(\d+)/.exec(text);
    if (address === null) continue;
    port.value = Number(address[1]);
    return child;
  }
  child.kill('SIGKILL');
  throw new Error(`nats-server has not started: ${errors}`);
}

async function configuration(folder: string, port: number, { tls, users }: TestNatsOptions): Promise<object> {
  const files: Record<string, string> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (tls === undefined) break;
    files[name] = join(folder, `${name}.pem`);
    await writeFile(files[name], tls[name], { mode: 0o600 });
  }
  return {
    host: '127.0.0.1',
    port,
    ports_file_dir: folder,
    jetstream: { store_dir: join(folder, 'data'), max_memory_store: 256_000_000, max_file_store: 256_000_000 },
    ...(tls === undefined
      ? {}
      : {
          tls: { ca_file: files['ca'], cert_file: files['cert'], key_file: files['key'], verify: tls.verify ?? false },
        }),
    ...(users === undefined ? {} : { authorization: { users } }),
  };
}
