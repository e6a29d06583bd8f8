/** The overlays of `k8s/` as `kubectl apply -k` takes them, looked at without a cluster. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubernetesObject } from '@kcp-ts/build';
import { presets, readManifests, root } from '@kcp-ts/build';
import { beforeAll, describe, expect, it } from 'vitest';
import { findKubectls } from '../e2e/kubectl.ts';
import { checkManifests } from './checks/check-manifests.ts';

const run = promisify(execFile);
const kubectl = (await findKubectls()).at(-1);
if (kubectl === undefined) process.stdout.write('No kubectl: the overlays of k8s/ are not tested\n');

type Change = (object: KubernetesObject) => unknown;

function parsed(text: string): KubernetesObject {
  return JSON.parse(text) as KubernetesObject;
}

describe.skipIf(kubectl === undefined).each(presets)('the overlay %s', (preset) => {
  let objects: readonly KubernetesObject[];

  beforeAll(async () => {
    const path = join(root, 'k8s/overlays', preset);
    const { stdout } = await run(kubectl?.path ?? '', ['kustomize', path], { maxBuffer: 1 << 26 });
    objects = readManifests(stdout);
  });

  it('has nothing that contradicts itself, or kcp-ts', async () => {
    expect(await checkManifests(objects, { namespace: 'kcp-ts' })).toEqual([]);
  });

  it('has a namespace of restricted pods', () => {
    const namespace = objects.find(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const namespaced = objects.filter(({ kind }) => kind !== 'Namespace' && kind !== 'PriorityClass');
    expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['kcp-ts']));
  });
});

/** What the checks are for: each of these is found. */
describe.skipIf(kubectl === undefined)('the checks', () => {
  let text: string;
  beforeAll(async () => {
    ({ stdout: text } = await run(kubectl?.path ?? '', ['kustomize', join(root, 'k8s/overlays/sharded')], {
      maxBuffer: 1 << 26,
    }));
  });

  const replaced =
    (from: string | RegExp, to: string): Change =>
    (object) => {
      const before = JSON.stringify(object);
      return parsed(before.replaceAll(from, to));
    };

  it.each([
    ['a flag that there is none of', replaced('--rpc-port=6444', '--rpc-socket=6444'), '--rpc-socket'],
    ['flags that do not go together', replaced(/"--nats-url=[^"]*",/g, ''), 'nats-url'],
    [
      'a probe of a port that is not there',
      replaced('"path":"/livez","port":"https"', '"path":"/livez","port":"http"'),
      'asks port http',
    ],
    ['a Service of a port that is not there', replaced('"targetPort":"rpc"', '"targetPort":"grpc"'), 'names port grpc'],
    [
      'a file that is not mounted',
      replaced('/etc/kcp-ts/peer/ca.crt', '/etc/kcp-ts/peer/ca.pem'),
      'names /etc/kcp-ts/peer/ca.pem',
    ],
    [
      'a Secret that nothing makes',
      replaced('"secretName":"kcp-ts-etcd"', '"secretName":"kcp-ts-etcds"'),
      'which nothing makes',
    ],
    [
      'a root that is written to',
      replaced('"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false'),
      'may write to its root',
    ],
    [
      'a connection to a port that nothing serves',
      replaced('kcp-ts.svc:2379', 'kcp-ts.svc:2378'),
      'which is no port of it',
    ],
    [
      'a connection to a pod that is not there',
      replaced('kcp-ts-etcd-2.kcp-ts-etcd', 'kcp-ts-etcd-3.kcp-ts-etcd'),
      'which is no pod',
    ],
    ['a volume that is not there', replaced('"emptyDir":{},"name":"tmp"', '"emptyDir":{},"name":"temp"'), 'mounts tmp'],
    ['a budget of one', replaced('"replicas":3', '"replicas":1'), 'blocks the drain of a node'],
  ])('find %s', async (_what, change, found) => {
    const objects = readManifests(text).map((object) => change(object) as KubernetesObject);
    const faults = await checkManifests(objects, { namespace: 'kcp-ts' });
    expect(faults.join('\n')).toContain(found);
  });

  it('find a connection that the policies do not allow', async () => {
    const objects = readManifests(text).filter(
      ({ kind, metadata }) => kind !== 'NetworkPolicy' || !metadata.name.endsWith('-to-etcd-client'),
    );
    expect((await checkManifests(objects, { namespace: 'kcp-ts' })).join('\n')).toContain('and may not');
  });
});
