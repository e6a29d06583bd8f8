/**
 * A Kubernetes of a test's own: the real API server, controller manager and scheduler on an etcd,
 * and nodes on which pods are processes of this machine.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeObject } from '@kcp-ts/api';
import { freePorts } from '@kcp-ts/base';
import { runHelm } from '@kcp-ts/build';
import { formatYaml } from '@kcp-ts/http';
import { createTestAuthority, startEtcd } from '@kcp-ts/testing';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';

const run = promisify(execFile);
const token = 'token-of-the-administrator';
const waitPollMs = 200;

export interface KubernetesOptions {
  /** The program that `buildKubernetesProgram` built. */
  readonly program: string;
  /** Path of a kubectl. */
  readonly kubectl: string;
  readonly nodes: readonly string[];
  /** By repository: where the files of an image are, and what it runs. */
  readonly images: Readonly<Record<string, ImageFiles>>;
}

export interface ImageFiles {
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Kubernetes extends AsyncDisposable {
  readonly folder: string;
  readonly client: ApiClient;
  /** Standard output; rejects with what was said on standard error. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  /**
   * Resolves when `read` gives what is wanted; rejects, with the logs of pods, when that takes too
   * long.
   */
  until<T>(what: string, read: () => Promise<T>, wanted: (value: T) => boolean, withinMs?: number): Promise<T>;
}

async function stopPart(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

async function writeCredentials(folder: string, port: number): Promise<{ ca: string; kubeconfig: string }> {
  const authority = await createTestAuthority('kubernetes-ca');
  const { certificate, privateKey } = await authority.issue('CN=kube-apiserver');
  const { privateKey: signer } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kubeconfig = join(folder, 'kubeconfig');
  const files = {
    'ca.crt': authority.certificate,
    'apiserver.crt': certificate,
    'apiserver.key': privateKey,
    'sa.key': signer.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'tokens.csv': `${token},admin,1,"system:masters"\n`,
    kubeconfig: formatYaml({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  return { ca: authority.certificate, kubeconfig };
}

function imageFlags(images: KubernetesOptions['images']): readonly string[] {
  return Object.entries(images).flatMap(([name, { root, entrypoint, environment = {} }]) => {
    const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    return ['--image', `${name}=${[root, ...entrypoint, ...variables].join(';')}`];
  });
}

/** How each part is started. */
function argumentsOf(folder: string, port: number, etcd: string, { nodes, images }: KubernetesOptions) {
  const file = (name: string) => join(folder, name);
  const controller = ['--kubeconfig', file('kubeconfig'), '--leader-elect=false', '--secure-port=0'];
  return {
    'kube-apiserver': [
      ...['--etcd-servers', etcd, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--tls-cert-file', file('apiserver.crt'), '--tls-private-key-file', file('apiserver.key')],
      ...['--cert-dir', folder, '--endpoint-reconciler-type', 'none', '--authorization-mode', 'RBAC'],
      ...['--service-account-issuer', 'https://kubernetes.default.svc', '--token-auth-file', file('tokens.csv')],
      ...['--service-account-key-file', file('sa.key'), '--service-account-signing-key-file', file('sa.key')],
      // Pods and Services are all on loopback: the kubelet relays the addresses of Services.
      ...['--service-cluster-ip-range', '127.96.0.0/16', '--profiling=false'],
    ],
    'kube-controller-manager': [
      ...[...controller, '--service-account-private-key-file', file('sa.key'), '--root-ca-file', file('ca.crt')],
      ...['--node-monitor-grace-period', '5m'],
    ],
    'kube-scheduler': controller,
    kubelet: [
      ...['--kubeconfig', file('kubeconfig'), '--folder', file('kubelet'), '--nodes', nodes.join(',')],
      ...['--api-server', `127.0.0.1:${port}`, ...imageFlags(images)],
    ],
  };
}

/** Resolves when nodes are ready. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { program, nodes } = options;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-kubernetes-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const etcd = opened.use(await startEtcd());
  const [port = 0] = await freePorts(1);
  const { ca, kubeconfig } = await writeCredentials(folder, port);
  const client = opened.use(createApiClient({ url: `https://127.0.0.1:${port}`, ca, token }));
  const logOf = (name: string) => join(folder, `${name}.log`);
  const ended: string[] = [];
  const start = (name: string, args: readonly string[]) => {
    const log = openSync(logOf(name), 'a');
    const child = spawn(program, [name, ...args], { stdio: ['ignore', log, log] });
    closeSync(log);
    child.once('exit', (code) => ended.push(`${name} ended with ${code}`));
    opened.defer(() => stopPart(child));
  };
  const logs = async () => {
    const { stdout } = await run(
      'sh',
      ['-c', 'for f in kubelet.log kubelet/logs/*; do echo "== $f"; tail -n 8 "$f" | cut -c 1-300; done'],
      { cwd: folder },
    );
    return stdout;
  };
  const until: Kubernetes['until'] = async (what, read, wanted, withinMs = 60_000) => {
    const end = performance.now() + withinMs;
    let last: unknown;
    for (;;) {
      try {
        const value = await read();
        if (wanted(value)) return value;
        last = value;
      } catch (error) {
        last = error;
      }
      if (performance.now() > end || ended.length > 0) {
        const said = last instanceof Error ? last.message : JSON.stringify(last);
        throw new Error(
          `${what}: not within ${withinMs} ms; ${ended.join()} last ${said?.slice(0, 2_000)}\n${await logs()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, waitPollMs));
    }
  };
  const kubectl: Kubernetes['kubectl'] = (args, input) => runKubectl(options.kubectl, kubeconfig, args, input);
  const commands = argumentsOf(folder, port, etcd.endpoint, options);
  start('kube-apiserver', commands['kube-apiserver']);
  await until(
    'the API server',
    () => client.get('/readyz'),
    ({ status }) => status === 200,
  );
  await kubectl(['create', '-f', '-'], formatYaml(storageClass));
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'kubelet'] as const) start(name, commands[name]);
  await until(
    'the nodes',
    () => client.get<{ items?: readonly KubeObject[] }>('/api/v1/nodes'),
    ({ body }) => body.items?.length === nodes.length,
  );
  const kept = opened.move();
  return {
    folder,
    client,
    kubectl,
    helm: (...args) => runHelm(program, [...args, '--kubeconfig', kubeconfig], folder),
    until,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kcp-ts.io/folders',
  volumeBindingMode: 'Immediate',
};

function runKubectl(path: string, kubeconfig: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      path,
      ['--kubeconfig', kubeconfig, ...args],
      { maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`));
      },
    );
    child.stdin?.end(input ?? '');
  });
}
