/**
 * A sharded installation of the bench's own: started as a user starts it, on loopback, in a
 * temporary folder, ended with the bench.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Credentials } from './client.ts';
import { readCredentials } from './credentials.ts';
import { cpuMs, memoryKb } from './process-usage.ts';

export interface BenchInstallation extends AsyncDisposable {
  /** Through the front-proxy. */
  readonly admin: Credentials;
  /** system:masters, straight at the shard that holds root. */
  readonly direct: Credentials;
  /**
   * CPU of the parts whose names begin so, in milliseconds; of all services but etcd and NATS
   * without a name.
   */
  cpu(name?: string): Promise<number>;
  memory(): Promise<Readonly<Record<string, { readonly resident: number; readonly anonymous: number }>>>;
  etcd(): Promise<EtcdCounts>;
  act(action: 'kill' | 'start', part: string): Promise<void>;
}

/**
 * What etcd has done so far. `committed` has one for every transaction that writes, and for every
 * lease granted or ended; reads have none. (etcd_mvcc_txn_total will not do: it leaves out
 * transactions with a single operation.)
 */
export interface EtcdCounts {
  readonly committed: number;
  readonly puts: number;
}

const program = resolve(import.meta.dirname, '../../bin/kcp-ts');
const run = promisify(execFile);

function textAt(url: string): Promise<string> {
  return new Promise((done, failed) => {
    request(url, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => done(text));
    })
      .on('error', failed)
      .end();
  });
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  if (line === undefined) throw new Error(`etcd has no metric ${name}`);
  return Number(line.slice(name.length));
}

interface RunningPart {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** Of the table that `kcp-ts cluster status` prints. */
function runningParts(table: string): readonly RunningPart[] {
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .flatMap(([name = '', pid = '-', port = '0']) =>
      pid === '-' ? [] : [{ name, pid: Number(pid), port: Number(port) }],
    );
}

export async function startBenchInstallation(flags: readonly string[]): Promise<BenchInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-bench-'));
  const child = spawn(program, ['cluster', '--root-directory', folder, '--secure-port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => chunk.toString().includes('ready to serve') && done());
    child.once('exit', (code) => failed(new Error(`the installation ended with ${code} before it was ready`)));
  });
  const control = (...args: string[]) => run(program, ['cluster', '--root-directory', folder, ...args]);
  // Asking takes a process of its own, so the answer is kept until a part is ended or started.
  let known: Promise<readonly RunningPart[]> | undefined;
  const parts = () => (known ??= control('status').then(({ stdout }) => runningParts(stdout)));
  return {
    admin: await readCredentials(folder, 'base', 'kcp-admin'),
    direct: await readCredentials(folder, 'shard-base', 'shard-admin'),
    async cpu(name) {
      const wanted = (await parts()).filter((part) =>
        name === undefined ? part.name !== 'etcd' && part.name !== 'nats' : part.name.startsWith(name),
      );
      return wanted.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
    },
    memory: async () => Object.fromEntries((await parts()).map(({ name, pid }) => [name, memoryKb(pid)])),
    async etcd() {
      const port = (await parts()).find(({ name }) => name === 'etcd')?.port ?? 0;
      const text = await textAt(`http://127.0.0.1:${port}/metrics`);
      return {
        committed: metric(text, 'etcd_server_proposals_committed_total'),
        puts: metric(text, 'etcd_mvcc_put_total'),
      };
    },
    async act(action, part) {
      await control(action, part);
      known = undefined;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
