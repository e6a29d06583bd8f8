/**
 * What happened on the recorded server between the recorded requests, and what stands in for
 * requests that kcp-ts does not answer yet.
 */
import type { TestServer } from '../harness/server.ts';

const workspaces = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces';
const namespaces = '/clusters/root:rec/api/v1/namespaces';
const configMaps = `${namespaces}/default/configmaps`;
const gizmos = '/clusters/root:rec/apis/rec.io/v1/namespaces/default/gizmos';

export interface StepContext {
  readonly server: TestServer;
  /** From here on, the recorded value in a path or body is sent as this run's value. */
  replace(recorded: string, ours: string): void;
  /** From here on, this run's value in an answer reads as the recorded one. */
  learnCluster(recorded: string, ours: string): void;
}

type Step = (context: StepContext) => Promise<void>;

async function ready(server: TestServer, name: string): Promise<string> {
  const answer = await server.admin.until<{ status?: { phase?: string }; spec: { cluster: string } }>(
    `${workspaces}/${name}`,
    ({ body }) => body.status?.phase === 'Ready',
  );
  return answer.body.spec.cluster;
}

function configMap(
  name: string,
  more: Readonly<Record<string, unknown>>,
  data: Readonly<Record<string, string>>,
): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data };
}

const before: Readonly<Record<string, Step>> = {
  'workspaces/just-created': async ({ server, learnCluster }) => {
    await server.admin.post(workspaces, {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name: 'rec' },
    });
    learnCluster('1eh28g79loa49b5l', await ready(server, 'rec'));
  },
  'workspaces/ready': async ({ server, learnCluster }) => {
    learnCluster('os80r6xikuukeze6', await ready(server, 'rec2'));
  },
  // What the server-side apply requests before it left behind.
  'errors/not-found': async ({ server }) => {
    await server.admin.post(configMaps, configMap('applied', { labels: { x: 'y' } }, { a: '7', c: '9', z: '1' }));
  },
  'errors/future-rv': async ({ replace }) => {
    replace('resourceVersion=99999999', 'resourceVersion=8999999999999999999');
  },
  'watch/from-rv': async ({ server, replace }) => {
    const { body } = await server.admin.get<{ metadata: { resourceVersion: string } }>(configMaps);
    replace('resourceVersion=947', `resourceVersion=${body.metadata.resourceVersion}`);
    await server.admin.post(configMaps, configMap('w1', { labels: { app: 'x' } }, { a: '1' }));
    await server.admin.patch(`${configMaps}/w1`, { metadata: { labels: { app: 'y' } } });
    await server.admin.delete(`${configMaps}/w1`);
  },
  'delete/with-finalizer': async ({ server }) => {
    await server.admin.post(configMaps, configMap('fin', { finalizers: ['x.io/f'] }, { a: '1' }));
  },
  'objects/namespace-fresh': async ({ server }) => {
    await server.admin.post(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gone' } });
  },
  // The recorded request went out without its body, and deleted.
  'errors/delete-precondition': async ({ server }) => {
    await server.admin.delete(`${configMaps}/one`);
  },
  // Nothing collects garbage here yet.
  'objects/namespace-contents-configmaps': async ({ server }) => {
    await server.admin.patch(`${configMaps}/applied`, { metadata: { finalizers: null } });
  },
  // Workspaces end sooner here than the next request comes: this one has something to wait for.
  'workspaces/delete': async ({ server }) => {
    await server.admin.post(
      '/clusters/root:rec2/api/v1/namespaces/default/configmaps',
      configMap('waiting', { finalizers: ['x.io/f'] }, {}),
    );
  },
  // Namespaces end sooner here than the next request comes: this one has something to wait for.
  'delete/namespace': async ({ server }) => {
    await server.admin.post(`${namespaces}/gone/configmaps`, configMap('waiting', { finalizers: ['x.io/f'] }, {}));
  },
  'objects/namespace-contents-serviceaccounts': async ({ server }) => {
    await server.admin.until<{ items: readonly unknown[] }>(
      `${namespaces}/gone/serviceaccounts`,
      ({ body }) => body.items.length === 0,
    );
  },
  'errors/delete-default-namespace': async ({ server }) => {
    await server.admin.patch(`${namespaces}/gone/configmaps/waiting`, { metadata: { finalizers: null } });
  },
  'crd/object-cel-transition': async ({ server }) => {
    await server.admin.post(gizmos, {
      apiVersion: 'rec.io/v1',
      kind: 'Gizmo',
      metadata: { name: 'tr' },
      spec: { size: 2, name: 'abc' },
    });
  },
  // What the server-side apply requests before it left behind.
  'crd/list-metadata': async ({ server }) => {
    await server.admin.post(gizmos, {
      apiVersion: 'rec.io/v1',
      kind: 'Gizmo',
      metadata: { name: 'applied' },
      spec: { size: 2, ports: [{ port: 2, note: 'b' }] },
    });
  },
};

/** Runs what belongs before a recording. */
export async function prepare(recording: string, context: StepContext): Promise<void> {
  await before[recording]?.(context);
}
