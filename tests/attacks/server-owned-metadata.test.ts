/** Metadata that controllers act on cannot be written by a tenant: a row of the table at a time. */
import { serverOwnedMetadata } from '@kcp-ts/admission';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  admit,
  bind,
  bindingsOf,
  bindRole,
  done,
  field,
  logicalClusterOf,
  makeWorkspace,
  provide,
  rbacOf,
  typesOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
/** Cluster-admin of `evil`, without rights in other workspaces. */
let mallory: ApiClient;
let evil: MadeWorkspace;
let serial = 0;

const universal = { type: { path: 'root', name: 'universal' } };
const fresh = (name: string) => `${name}-${++serial}`;

beforeAll(async () => {
  server = await startServerWithUsers();
  mallory = server.as('user-1');
  evil = await makeWorkspace(server.admin, 'root', 'evil', universal);
  await admit(server.admin, evil.path, 'user-1');
  await bindRole(server.admin, evil.path, 'all', 'user-1', 'cluster-admin');
});

afterAll(() => server[Symbol.asyncDispose]());

describe('server-owned metadata', () => {
  const urls: Readonly<Record<string, () => Promise<string>>> = {
    'workspaces.tenancy.kcp.io': async () => {
      const { path } = await makeWorkspace(mallory, evil.path, fresh('row'), universal);
      return `${workspacesOf(evil.path)}/${path.split(':').at(-1)}`;
    },
    'logicalclusters.core.kcp.io': async () => logicalClusterOf(evil.path),
    'apibindings.apis.kcp.io': async () => {
      const name = fresh('own');
      await provide(mallory, evil.path, name, 'things', [], { group: `${name}.io` });
      await bind(mallory, evil.path, evil.path, name);
      return `${bindingsOf(evil.path)}/${name}`;
    },
    'workspacetypes.tenancy.kcp.io': async () => {
      const name = fresh('type');
      const spec = { extend: { with: [{ path: 'root', name: 'universal' }] } };
      const type = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'WorkspaceType', metadata: { name }, spec };
      await done(mallory.post(typesOf(evil.path), type));
      return `${typesOf(evil.path)}/${name}`;
    },
    '*': async () => {
      const name = fresh('row');
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [] };
      await done(mallory.post(`${rbacOf(evil.path)}/clusterroles`, role));
      return `${rbacOf(evil.path)}/clusterroles/${name}`;
    },
  };

  for (const row of serverOwnedMetadata) {
    const { resource, annotations = [], labels = [], labelPrefixes = [], finalizers = [] } = row;
    it(`of ${resource} is put back: ${[...annotations, ...labels, ...labelPrefixes, ...finalizers].join(', ')}`, async () => {
      const url = await (urls[resource] ?? (() => Promise.reject(new Error(`no object for ${resource}`))))();
      const keys = [...labels, ...labelPrefixes.map((prefix) => `${prefix}abc`)];
      const owned = (object: unknown) => ({
        annotations: annotations.map(
          (key) => (field(object, 'metadata.annotations') as Record<string, string> | undefined)?.[key],
        ),
        labels: keys.map((key) => (field(object, 'metadata.labels') as Record<string, string> | undefined)?.[key]),
        finalizers: ((field(object, 'metadata.finalizers') ?? []) as string[]).filter((text) =>
          finalizers.includes(text),
        ),
      });
      const before = owned((await mallory.get(url)).body);
      const other = (all: readonly string[], value: string | null) =>
        Object.fromEntries(all.map((key) => [key, value]));
      for (const value of ['other', null]) {
        const metadata = {
          annotations: other(annotations, value),
          labels: other(keys, value),
          ...(finalizers.length === 0 ? {} : { finalizers: value === null ? null : ['example.com/x'] }),
        };
        await done(mallory.patch(url, { metadata }));
        expect(owned((await mallory.get(url)).body)).toEqual(before);
        const { body } = await mallory.get(url);
        const sent = {
          ...body.metadata,
          annotations: value === null ? {} : other(annotations, value),
          labels: value === null ? {} : other(keys, value),
          finalizers: [],
        };
        const put = await mallory.put(url, { ...body, metadata: sent });
        // A LogicalCluster's own finalizer is protected by an error, as in kcp.
        expect([200, 422], put.text).toContain(put.status);
        expect(owned((await mallory.get(url)).body)).toEqual(before);
      }
      await mallory.patch(url, { metadata: { finalizers: null } });
    });
  }

  it('of the logical cluster includes who owns and who made it, and whether it may be deleted', async () => {
    const url = logicalClusterOf(evil.path);
    const { body } = await mallory.get(url);
    const owner = {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      resource: 'workspaces',
      name: 'victim',
      cluster: 'root',
      uid: 'x',
    };
    await done(
      mallory.patch(url, {
        spec: { owner, createdBy: { username: 'user-2' }, directlyDeletable: true, terminators: ['root:x'] },
      }),
    );
    expect((await mallory.get(url)).body['spec']).toEqual(body['spec']);
    expect((await mallory.delete(url)).status).toBe(403);
  });
});
