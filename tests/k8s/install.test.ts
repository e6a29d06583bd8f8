/**
 * The chart on a real Kubernetes, as an operator installs it: it gets ready, is reached by kubectl
 * with the kubeconfig that it made, and loses nothing while all of it is restarted.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chartFolder, findKubernetesProgram, presets, root } from '@kcp-ts/build';
import { missingProgram } from '@kcp-ts/testing';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls } from '../e2e/kubectl.ts';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { isWhole } from './config.ts';
import { buildImage, imageFiles } from './image.ts';
import type { Kubernetes } from './kubernetes.ts';
import { startKubernetes } from './kubernetes.ts';
import { startLoad } from './load.ts';

const kubectl = (await findKubectls()).at(-1);
const kubernetesProgram = await findKubernetesProgram();
const missing =
  kubernetesProgram.missing ??
  missingProgram('etcd') ??
  missingProgram('natsServer') ??
  (process.getuid?.() === 0 ? undefined : 'only root can make the namespaces of containers') ??
  (kubectl === undefined ? 'there is no kubectl' : undefined);
if (missing !== undefined) process.stdout.write(`The chart is not installed: ${missing}\n`);

/** The image is made, and the control plane started. */
const startMs = 300_000;
const installMs = 180_000;

/** Small enough for a machine that does something else. */
const values: Readonly<Record<string, object>> = {
  embedded: {},
  sharded: isWhole
    ? {}
    : {
        shards: [
          { name: 'root', replicas: 2 },
          { name: 'shard-1', replicas: 1 },
        ],
        virtualWorkspaces: { replicas: 1 },
        etcd: { replicas: 1 },
        nats: { replicas: 1 },
      },
};

interface AdminKubeconfig {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
}

describe.skipIf(missing !== undefined)('the chart on Kubernetes', () => {
  let kubernetes: Kubernetes;
  const opened = new AsyncDisposableStack();

  beforeAll(async () => {
    const imageFolder = await mkdtemp(join(tmpdir(), 'kcp-ts-image-'));
    opened.defer(() => rm(imageFolder, { recursive: true }));
    await buildImage(imageFolder);
    const started = await startKubernetes({
      program: kubernetesProgram.path ?? '',
      kubectl: kubectl?.path ?? '',
      nodes: ['node-1', 'node-2', 'node-3'],
      images: {
        'kcp-ts': imageFiles(imageFolder),
        'rancher/mirrored-coreos-etcd': { root: '/', entrypoint: ['etcd'] },
        nats: { root: '/', entrypoint: ['nats-server'] },
      },
    });
    kubernetes = opened.use(started);
    await createNamespace('kcp-ts');
  }, startMs);

  afterAll(() => opened.disposeAsync());

  it.each(presets)('takes the overlay %s, strictly validated', async (preset) => {
    const path = join(root, 'k8s/overlays', preset);
    const output = await kubernetes.kubectl([
      'apply',
      '-k',
      path,
      '--dry-run=server',
      '--validate=strict',
      '--warnings-as-errors',
    ]);
    expect(output).toContain('serviceaccount/kcp-ts created (server dry run)');
  });

  async function createNamespace(name: string): Promise<void> {
    await kubernetes.kubectl(['create', 'namespace', name]);
    const restricted = ['enforce', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`);
    await kubernetes.kubectl(['label', 'namespace', name, ...restricted]);
  }

  async function readKubeconfig(namespace: string): Promise<AdminKubeconfig> {
    const secret = 'kcp-ts-admin-kubeconfig';
    const read = () =>
      kubernetes.kubectl(['-n', namespace, 'get', 'secret', secret, '-o', 'jsonpath={.data.kubeconfig}']);
    const text = Buffer.from(await read(), 'base64').toString('utf8');
    const parsed = load(text) as {
      readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
      readonly users: readonly { readonly user: { readonly token: string } }[];
    };
    const cluster = parsed.clusters[0]?.cluster;
    return {
      server: cluster?.['server'] ?? '',
      ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString('utf8'),
      token: parsed.users[0]?.user.token ?? '',
    };
  }

  /** Makes clients that connect to the Service's address, by the name in the kubeconfig. */
  async function connector(namespace: string, service: string): Promise<() => ApiClient> {
    const { server, ca, token } = await readKubeconfig(namespace);
    const { hostname, port } = new URL(server);
    expect(hostname).toBe(`${service}.${namespace}.svc`);
    const args = ['-n', namespace, 'get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}'];
    const address = await kubernetes.kubectl(args);
    return () => createApiClient({ url: `https://${address}:${port}`, serverName: hostname, ca, token });
  }

  it.each([
    ['embedded', 'kcp-ts'],
    ['sharded', 'kcp-ts-front-proxy'],
  ] as const)(
    'is installed %s, and loses nothing while all of it is restarted',
    async (preset, service) => {
      const namespace = `kcp-${preset}`;
      await createNamespace(namespace);
      const settings = { ...values[preset], shutdownDelaySeconds: 1, terminationGracePeriodSeconds: 30 };
      const preparing = ['install', 'kcp-ts', chartFolder, '--namespace', namespace];
      const given = ['-f', join(chartFolder, 'presets', `${preset}.yaml`), '--set-json', JSON.stringify(settings)];
      await kubernetes.helm(...preparing, ...given);
      const workloads = (await kubernetes.kubectl(['-n', namespace, 'get', 'statefulsets,deployments', '-o', 'name']))
        .trim()
        .split('\n');
      const allReady = () =>
        kubernetes.until(
          `${preset} is rolled out`,
          () => rolledOut(namespace, workloads),
          (late) => late.length === 0,
          installMs,
        );
      await allReady();
      const connect = await connector(namespace, service);
      await using client = connect();
      await kubernetes.until(
        'clients are answered',
        () => client.get('/readyz'),
        ({ status }) => status === 200,
      );
      const load = await startLoad(connect);
      await kubernetes.until(
        'some are written',
        async () => load.written(),
        (written) => written > 20,
      );
      await kubernetes.kubectl(['-n', namespace, 'rollout', 'restart', ...workloads]);
      await allReady();
      const before = load.written();
      await kubernetes.until(
        'some more are written',
        async () => load.written(),
        (written) => written > before + 20,
      );
      const { faults, written, longestMs } = await load.stop();
      process.stdout.write(
        `${preset}: ${written} writes during a restart, the longest took ${Math.round(longestMs)} ms\n`,
      );
      expect(faults).toEqual([]);
      await kubernetes.helm('uninstall', 'kcp-ts', '--namespace', namespace, '--wait');
    },
    installMs * 4,
  );

  /** The workloads whose newest pods are not all there and ready. */
  async function rolledOut(namespace: string, workloads: readonly string[]): Promise<readonly string[]> {
    const text = await kubernetes.kubectl(['-n', namespace, 'get', ...workloads, '-o', 'json']);
    const parsed = JSON.parse(text) as { readonly items?: readonly Rolled[] } & Rolled;
    const late = (parsed.items ?? [parsed]).filter(({ metadata, spec, status }) => {
      const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0, replicas = 0 } = status;
      const all = [updatedReplicas, readyReplicas, replicas].every((count) => count === spec.replicas);
      return observedGeneration < metadata.generation || !all;
    });
    return late.map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`);
  }
});

interface Rolled {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: Readonly<
    Partial<Record<'observedGeneration' | 'updatedReplicas' | 'readyReplicas' | 'replicas', number>>
  >;
}
