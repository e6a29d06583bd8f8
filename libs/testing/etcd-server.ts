/**
 * A real etcd of a test's own: on loopback, with free ports and a temporary folder; killed with the
 * test.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@kcp-ts/base';
import { programs } from './config.ts';

export interface TestEtcd extends AsyncDisposable {
  /** `http://127.0.0.1:port`, or `https://`. */
  readonly endpoint: string;
  readonly port: number;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports. */
  restart(): Promise<void>;
  /** Forgets everything but the newest revision. */
  compact(): Promise<void>;
  /** Writes until its quota is used up; only where it has been given one. */
  fill(): Promise<void>;
  /** Takes away what `fill` wrote, and lets others write again. */
  free(): Promise<void>;
  pause(): void;
  resume(): void;
  /**
   * A copy of the data of the stopped server, which then goes on; as an operator makes it who has
   * no `etcdctl`.
   */
  backUp(): Promise<void>;
  /** Stops, and starts again with the data of the last `backUp`. */
  restoreBackup(): Promise<void>;
  /**
   * Stops, and starts again as another cluster at the same address, with the same keys and none of
   * the history; as `etcdctl snapshot restore` does it.
   */
  moveToAnotherCluster(): Promise<void>;
}

/** Why tests against a real server cannot run here; undefined where they can. */
export function missingProgram(program: keyof typeof programs): string | undefined {
  const found = spawnSync(programs[program], ['--version'], { stdio: 'ignore' }).status === 0;
  return found
    ? undefined
    : `${programs[program]} is not there: install Debian's etcd-server and nats-server, or set ETCD and NATS_SERVER`;
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

export interface TestEtcdOptions {
  /** Files with PEM: then clients come by TLS, with certificates of the same authority. */
  readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string } | undefined;
  /** Then only its user `root` is let in. */
  readonly rootPassword?: string | undefined;
  /** Of its database: beyond it, nothing more is written. */
  readonly quotaBytes?: number | undefined;
}

const ballastPrefix = '~ballast/';
const ballastBytes = 1_000_000;
const ballastAtOnce = 8;

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

interface Identity {
  readonly folder: string;
  readonly endpoint: string;
  readonly peer: string;
  readonly token: string;
}

function flagsOf({ folder, endpoint, peer, token }: Identity): string[] {
  return [
    ...['--initial-cluster-token', token],
    ...['--name', 'test', '--data-dir', folder, '--listen-client-urls', endpoint],
    ...['--advertise-client-urls', endpoint, '--listen-peer-urls', peer],
    ...['--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
  ];
}

function tlsFlagsOf(tls: TestEtcdOptions['tls']): string[] {
  if (tls === undefined) return [];
  const { caFile, certFile, keyFile } = tls;
  return ['--cert-file', certFile, '--key-file', keyFile, '--trusted-ca-file', caFile, '--client-cert-auth'];
}

interface Reply {
  readonly header?: { readonly revision?: string };
  readonly alarms?: readonly object[];
  readonly kvs?: readonly { readonly key: string; readonly value: string; readonly lease?: string }[];
}

/** Asks etcd in the clear. */
async function post(endpoint: string, path: string, body: object): Promise<Reply> {
  const reply = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`);
  return (await reply.json()) as Reply;
}

async function admitRoot(endpoint: string, password: string): Promise<void> {
  await post(endpoint, '/v3/auth/user/add', { name: 'root', password });
  await post(endpoint, '/v3/auth/role/add', { name: 'root' });
  await post(endpoint, '/v3/auth/user/grant', { user: 'root', role: 'root' });
  await post(endpoint, '/v3/auth/enable', {});
}

/** False: it is; anything else that went wrong is thrown. */
function isOutOfSpace(error: unknown): false {
  if (String(error).includes('space exceeded')) return false;
  throw error;
}

export async function startEtcd({ tls, rootPassword, quotaBytes }: TestEtcdOptions = {}): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-'));
  const [port = 0, peerPort = 0] = await freePorts(2);
  const plain = `http://127.0.0.1:${port}`;
  const endpoint = tls === undefined ? plain : `https://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const data = join(folder, 'data');
  const saved = join(folder, 'saved');
  let token = 'first';
  let child: ChildProcess | undefined;
  let gone: Promise<unknown> = Promise.resolve();
  async function startAs(flags: readonly string[]): Promise<void> {
    const started = spawn(programs.etcd, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    gone = new Promise((resolve) => started.once('exit', resolve));
    await untilOutput(started, /ready to serve client requests|serving (insecure )?client (requests|traffic)/, 'etcd');
  }
  const quota = quotaBytes === undefined ? [] : ['--quota-backend-bytes', String(quotaBytes)];
  const start = () => startAs([...flagsOf({ folder: data, endpoint, peer, token }), ...tlsFlagsOf(tls), ...quota]);
  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    await gone;
    child = undefined;
  }
  if (rootPassword !== undefined) {
    // Users are made before anybody needs a certificate.
    await startAs(flagsOf({ folder: data, endpoint: plain, peer, token }));
    await admitRoot(plain, rootPassword);
    await kill();
  }
  await start();
  return {
    endpoint,
    port,
    kill,
    restart: start,
    async compact() {
      const { header } = await post(endpoint, '/v3/kv/range', { key: 'AA==' });
      await post(endpoint, '/v3/kv/compaction', { revision: header?.revision ?? '1' });
    },
    async fill() {
      const value = Buffer.alloc(ballastBytes, 1).toString('base64');
      const put = (number: number) => post(endpoint, '/v3/kv/put', { key: base64(`${ballastPrefix}${number}`), value });
      // What etcd has not committed yet, which it does ten times a second, does not count for it.
      const tooMuch = Math.ceil(((quotaBytes ?? 0) * 8) / ballastBytes);
      for (let number = 0; number <= tooMuch; number += ballastAtOnce) {
        const puts = Array.from({ length: ballastAtOnce }, (_, index) =>
          put(number + index).then(() => true, isOutOfSpace),
        );
        if ((await Promise.all(puts)).includes(false)) return;
      }
      throw new Error('etcd has taken more than its quota');
    },
    async free() {
      const all = { key: base64(ballastPrefix), range_end: base64(ballastPrefix.replace('/', '0')) };
      const { header } = await post(endpoint, '/v3/kv/deleterange', all);
      await post(endpoint, '/v3/kv/compaction', { revision: header?.revision ?? '1', physical: true });
      await post(endpoint, '/v3/maintenance/defragment', {});
      const { alarms = [] } = await post(endpoint, '/v3/maintenance/alarm', { action: 'GET' });
      for (const alarm of alarms) await post(endpoint, '/v3/maintenance/alarm', { ...alarm, action: 'DEACTIVATE' });
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async backUp() {
      await kill();
      await rm(saved, { recursive: true, force: true });
      await cp(data, saved, { recursive: true });
      await start();
    },
    async restoreBackup() {
      await kill();
      await rm(data, { recursive: true, force: true });
      await cp(saved, data, { recursive: true });
      await start();
    },
    async moveToAnotherCluster() {
      const everything = { key: 'AA==', range_end: 'AA==' };
      const { kvs = [] } = await post(endpoint, '/v3/kv/range', everything);
      await kill();
      await rm(data, { recursive: true, force: true });
      token = `after-${token}`;
      await start();
      for (const { key, value, lease } of kvs)
        if (lease === undefined) await post(endpoint, '/v3/kv/put', { key, value });
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
