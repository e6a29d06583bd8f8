/** A real etcd of a test's own: on loopback, with free ports and a temporary folder; killed with the test. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from './config.ts';

export interface TestEtcd extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly port: number;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports. */
  restart(): Promise<void>;
  /** Forgets everything but the newest revision. */
  compact(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Why tests against a real server cannot run here; undefined where they can. */
export function missingProgram(program: keyof typeof programs): string | undefined {
  const found = spawnSync(programs[program], ['--version'], { stdio: 'ignore' }).status === 0;
  return found
    ? undefined
    : `${programs[program]} is not there: install Debian's etcd-server and nats-server, or set ETCD and NATS_SERVER`;
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits for a line that says the server is up, on either output. */
export function untilOutput(child: ChildProcess, pattern: RegExp, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (pattern.test(output)) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${output.slice(-2_000)}`)));
  });
}

export async function startEtcd(): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-'));
  const [port, peerPort] = await Promise.all([freePort(), freePort()]);
  const endpoint = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  let child: ChildProcess | undefined;
  let gone: Promise<unknown> = Promise.resolve();
  async function start(): Promise<void> {
    const started = spawn(
      programs.etcd,
      [
        ...['--name', 'test', '--data-dir', folder, '--listen-client-urls', endpoint],
        ...['--advertise-client-urls', endpoint, '--listen-peer-urls', peer],
        ...['--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child = started;
    gone = new Promise((resolve) => started.once('exit', resolve));
    await untilOutput(started, /ready to serve client requests|serving (insecure )?client (requests|traffic)/, 'etcd');
  }
  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    await gone;
    child = undefined;
  }
  await start();
  return {
    endpoint,
    port,
    kill,
    restart: start,
    async compact() {
      const post = async (path: string, body: object) => {
        const reply = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
        return (await reply.json()) as { header?: { revision?: string } };
      };
      const { header } = await post('/v3/kv/range', { key: 'AA==' });
      await post('/v3/kv/compaction', { revision: header?.revision ?? '1' });
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
