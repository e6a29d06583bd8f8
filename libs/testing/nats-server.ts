/**
 * A real nats-server of a test's own, on loopback, with a free port and a temporary folder; killed
 * with the test.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portOrFree } from '@kcp-ts/base';
import { programs } from './config.ts';
import { untilOutput } from './etcd-server.ts';

export interface TestNatsUser {
  readonly user: string;
  readonly password: string;
  /** As in the server's configuration. */
  readonly permissions?: object;
}

export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** SIGKILL, and starts again at the same port with other users and certificates. */
  restartWith(options: TestNatsOptions): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

export interface TestNatsOptions {
  readonly users?: readonly TestNatsUser[];
  /** PEM texts. Clients must show a certificate of the same authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

async function tlsFiles(folder: string, tls: TestNatsOptions['tls']): Promise<object> {
  if (tls === undefined) return {};
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  for (const name of ['ca', 'cert', 'key'] as const) await writeFile(files[name], tls[name], { mode: 0o600 });
  return { tls: { ca_file: files.ca, cert_file: files.cert, key_file: files.key, verify: true } };
}

export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const folder = await mkdtemp(join(tmpdir(), 'nats-'));
  const port = await portOrFree(0);
  const file = join(folder, 'nats.conf');
  async function configure({ tls, users }: TestNatsOptions): Promise<void> {
    const config = {
      host: '127.0.0.1',
      port,
      ...(await tlsFiles(folder, tls)),
      ...(users === undefined ? {} : { authorization: { users } }),
    };
    await writeFile(file, JSON.stringify(config));
  }
  await configure(options);
  let child: ChildProcess | undefined;
  let gone: Promise<unknown> = Promise.resolve();
  async function start(): Promise<void> {
    const started = spawn(programs.natsServer, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    gone = new Promise((resolve) => started.once('exit', resolve));
    await untilOutput(started, /Server is ready/, 'nats-server');
  }
  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    await gone;
    child = undefined;
  }
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill,
    restart: start,
    async restartWith(changed) {
      await kill();
      await configure(changed);
      await start();
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
