/** A sharded installation of the bench's own: started as a user starts it, on loopback, in a temporary folder, ended with the bench. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import type { Credentials } from './client.ts';
import { cpuMs, memoryKb } from './process-usage.ts';

export interface BenchInstallation extends AsyncDisposable {
  /** Through the front-proxy. */
  readonly admin: Credentials;
  /** system:masters, straight at the shard that holds root. */
  readonly direct: Credentials;
  /** CPU of the parts whose names begin so, in milliseconds; of all services but etcd and NATS without a name. */
  cpu(name?: string): Promise<number>;
  memory(): Promise<Readonly<Record<string, { readonly resident: number; readonly anonymous: number }>>>;
  /** Transactions and single writes that etcd has done. */
  etcdWrites(): Promise<number>;
  act(action: 'kill' | 'start', part: string): Promise<void>;
}

const program = resolve(import.meta.dirname, '../../bin/kcp-ts');
const run = promisify(execFile);

interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token: string } }[];
}

async function credentialsOf(folder: string, cluster: string, user: string): Promise<Credentials> {
  const config = load(await readFile(join(folder, 'admin.kubeconfig'), 'utf8')) as Kubeconfig;
  const found = config.clusters.find(({ name }) => name === cluster)?.cluster;
  return {
    url: found?.server ?? '',
    ca: Buffer.from(found?.['certificate-authority-data'] ?? '', 'base64').toString('utf8'),
    token: config.users.find(({ name }) => name === user)?.user.token ?? '',
  };
}

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

function sumOf(metrics: string, names: readonly string[]): number {
  let sum = 0;
  for (const line of metrics.split('\n'))
    for (const name of names) if (line.startsWith(`${name} `)) sum += Number(line.slice(name.length));
  return sum;
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
  async function parts(): Promise<readonly { readonly name: string; readonly pid: number; readonly port: number }[]> {
    const { stdout } = await control('status');
    return stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s+/))
      .flatMap(([name = '', pid = '-', port = '0']) =>
        pid === '-' ? [] : [{ name, pid: Number(pid), port: Number(port) }],
      );
  }
  return {
    admin: await credentialsOf(folder, 'base', 'kcp-admin'),
    direct: await credentialsOf(folder, 'shard-base', 'shard-admin'),
    async cpu(name) {
      const wanted = (await parts()).filter((part) =>
        name === undefined ? part.name !== 'etcd' && part.name !== 'nats' : part.name.startsWith(name),
      );
      return wanted.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
    },
    memory: async () => Object.fromEntries((await parts()).map(({ name, pid }) => [name, memoryKb(pid)])),
    async etcdWrites() {
      const port = (await parts()).find(({ name }) => name === 'etcd')?.port ?? 0;
      const metrics = await textAt(`http://127.0.0.1:${port}/metrics`);
      return sumOf(metrics, ['etcd_debugging_mvcc_txn_total', 'etcd_mvcc_txn_total']);
    },
    act: async (action, part) => void (await control(action, part)),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
