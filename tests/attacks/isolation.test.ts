/**
 * What a tenant who is cluster-admin of one workspace cannot reach: other tenants' objects,
 * identities, workspaces and homes.
 */
import { homeClusterName } from '@kcp-ts/sharing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  condition,
  configMap,
  configMapsOf,
  custom,
  definition,
  definitionsOf,
  done,
  exportOf,
  exportsOf,
  field,
  logicalClusterOf,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  resourceSchema,
  schemasOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
/** The attacker: cluster-admin of `evil`, without rights in other workspaces. */
let mallory: ApiClient;
let evil: MadeWorkspace;
/** A provider with its consumer. */
let victim: MadeWorkspace;
let consumer: MadeWorkspace;
let identity: string;
let serial = 0;

const universal = { type: { path: 'root', name: 'universal' } };
const nowhere = { ...universal, location: { selector: { matchLabels: { name: 'no-such-shard' } } } };
const fresh = (name: string) => `${name}-${++serial}`;
const cowboysOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
const virtualOf = (cluster: string, name: string) => `/services/apiexport/${cluster}/${name}`;
const secretsOf = (path: string) => `${base(path)}/api/v1/namespaces/default/secrets`;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  mallory = server.as('user-1');
  evil = await makeWorkspace(admin, 'root', 'evil', universal);
  await admit(admin, evil.path, 'user-1');
  await bindRole(admin, evil.path, 'all', 'user-1', 'cluster-admin');
  victim = await makeWorkspace(admin, 'root', 'victim', universal);
  consumer = await makeWorkspace(admin, 'root', 'consumer', universal);
  identity = await provide(admin, victim.path, 'cowboys', 'cowboys');
  await bind(admin, consumer.path, victim.path, 'cowboys');
  await done(admin.post(cowboysOf(consumer.path), custom('Cowboy', 'luke')));
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'top' }, stringData: { a: 'top-secret' } };
  await done(admin.post(secretsOf(victim.path), secret));
});

afterAll(() => server[Symbol.asyncDispose]());

/** Everything of the victim is as it was. */
async function untouched(): Promise<void> {
  expect((await admin.get(`${secretsOf(victim.path)}/top`)).status).toBe(200);
  expect((await admin.get(`${cowboysOf(consumer.path)}/luke`)).status).toBe(200);
  const found = await admin.get(`${exportsOf(victim.path)}/cowboys`);
  expect(field(found.body, 'status.identityHash')).toBe(identity);
}

/** An export of the attacker's own, with an identity. */
async function ownExport(claims: readonly Claim[] = []): Promise<{ readonly name: string; readonly hash: string }> {
  const name = fresh('own');
  const plural = `${name.replace('-', '')}s`;
  return { name, hash: await provide(mallory, evil.path, name, plural, claims, { group: 'evil.io' }) };
}

describe('identities', () => {
  const forged = ['-', 'customresources', '', 'x', () => identity, () => identity.toUpperCase()];

  it('cannot be written into the status of an export, by any name of its group, any verb or any entry', async () => {
    const { name, hash } = await ownExport();
    for (const group of ['apis.kcp.io/v1alpha1', 'apis.kcp.io/v1alpha2', 'apis.kcp.dev/v1alpha1']) {
      const url = `${base(evil.path)}/apis/${group}/apiexports/${name}`;
      const { body } = await mallory.get(url);
      for (const one of forged) {
        const identityHash = typeof one === 'string' ? one : one();
        const status = { identityHash };
        const answers = await Promise.all([
          mallory.patch(`${url}/status`, { status }),
          mallory.patch(
            `${url}/status`,
            [{ op: 'add', path: '/status/identityHash', value: identityHash }],
            'application/json-patch+json',
          ),
          mallory.put(`${url}/status`, { ...body, status }),
        ]);
        for (const answer of answers) expect(answer.status, answer.text).toBe(403);
        // The object itself may be written; its status stays.
        await done(mallory.patch(url, { status, metadata: { labels: { tried: 'yes' } } }));
        const now = await mallory.get(`${exportsOf(evil.path)}/${name}`);
        expect(field(now.body, 'status.identityHash')).toBe(hash);
      }
    }
    const created = exportOf(fresh('born'), {});
    await done(mallory.post(exportsOf(evil.path), { ...created, status: { identityHash: identity } }));
    const born = await mallory.until(
      `${exportsOf(evil.path)}/${created.metadata.name}`,
      ({ body }) => condition(body, 'IdentityValid') === 'True',
    );
    expect(field(born.body, 'status.identityHash')).toMatch(/^[0-9a-f]{64}$/);
    expect(field(born.body, 'status.identityHash')).not.toBe(identity);
  });

  it('are not written by system:masters either: only the secret makes one', async () => {
    const { name, hash } = await ownExport();
    const url = `${exportsOf(evil.cluster)}/${name}`;
    await done(server.shardAdmin.patch(`${url}/status`, { status: { identityHash: identity } }));
    expect(field((await mallory.get(`${exportsOf(evil.path)}/${name}`)).body, 'status.identityHash')).toBe(hash);
  });

  it('are not written through a virtual workspace with a claim on exports or bindings, by any name of their group', async () => {
    for (const group of ['apis.kcp.io', 'apis.kcp.dev']) {
      for (const resource of ['apiexports', 'apibindings']) {
        const claims: Claim[] = [{ group, resource, verbs: ['*'] }];
        const { name, hash } = await ownExport(claims);
        await bind(mallory, evil.path, evil.path, name, claims.map(accepted));
        const version = group === 'apis.kcp.io' ? 'v1alpha2' : 'v1alpha1';
        const inside = `${virtualOf(evil.cluster, name)}/clusters/${evil.cluster}/apis/${group}/${version}/${resource}/${name}`;
        const status = resource === 'apiexports' ? { identityHash: identity } : { boundResources: [] };
        const answer = await mallory.patch(`${inside}/status`, { status });
        expect([403, 404], answer.text).toContain(answer.status);
        const now = await mallory.get(`${exportsOf(evil.path)}/${name}`);
        expect(field(now.body, 'status.identityHash')).toBe(hash);
        const binding = await mallory.get(`${bindingsOf(evil.path)}/${name}`);
        expect(field(binding.body, 'status.boundResources.0.schema.identityHash')).toBe(hash);
      }
    }
  });

  it('serve nothing when their secret is gone or another one, and serve again when it is back', async () => {
    const { name } = await ownExport();
    await bind(mallory, evil.path, evil.path, name);
    const plural = `${name.replace('-', '')}s`;
    const url = `${virtualOf(evil.cluster, name)}/clusters/*/apis/evil.io/v1alpha1/${plural}`;
    await mallory.until(url, ({ status }) => status === 200);
    const secret = `${base(evil.path)}/api/v1/namespaces/kcp-system/secrets/${name}`;
    const { body } = await mallory.get(secret);
    await done(mallory.patch(secret, { data: { key: Buffer.from('another').toString('base64') } }));
    await mallory.until(url, ({ status }) => status === 404);
    await done(mallory.patch(secret, { data: body['data'] }));
    await mallory.until(url, ({ status }) => status === 200);
  });
});

describe('exports', () => {
  it('cannot bring a built-in resource, whichever it is', async () => {
    const groups = await mallory.get<{ groups: { versions: { groupVersion: string }[] }[] }>(`${base(evil.path)}/apis`);
    const versions = [
      'v1',
      ...groups.body.groups.flatMap(({ versions: all }) => all.map(({ groupVersion }) => groupVersion)),
    ];
    let tried = 0;
    for (const groupVersion of versions) {
      const group = groupVersion.includes('/') ? (groupVersion.split('/')[0] ?? '') : '';
      const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
      const list = await mallory.get<{ resources: { name: string }[] }>(`${base(evil.path)}${path}`);
      for (const { name } of list.body.resources.filter((resource) => !resource.name.includes('/'))) {
        if (['wild.west', 'evil.io', 'tenancy.kcp.io', 'topology.kcp.io'].includes(group)) continue;
        const wanted = exportOf(fresh('builtin'), {});
        const schema = `today.${name}.${group === '' ? 'core' : group}`;
        const spec = { resources: [{ name, group, schema, storage: { crd: {} } }] };
        const answer = await mallory.post(exportsOf(evil.path), { ...wanted, spec });
        expect(answer.status, `${name}.${group}: ${answer.text}`).toBe(422);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(30);
  });

  it('cannot use groups of the system, in schemas and definitions alike', async () => {
    const reserved = [
      'apis.kcp.io',
      'apis.kcp.dev',
      'core.kcp.io',
      'tenancy.kcp.io',
      'topology.kcp.io',
      'internal.kcp.io',
      'sub.apis.kcp.io',
      'sub.apis.kcp.dev',
    ];
    for (const group of reserved) {
      const schema = await mallory.post(schemasOf(evil.path), resourceSchema('workspaces', { group }));
      const crd = await mallory.post(definitionsOf(evil.path), definition('workspaces', { group }));
      for (const { status, text } of [schema, crd]) {
        expect(status, text).toBe(403);
        expect(text).toMatch('is a reserved group');
      }
    }
  });

  it('show of a resource that they export and claim under another identity only what was granted', async () => {
    const name = fresh('both');
    const claims: Claim[] = [{ group: 'wild.west', resource: 'cowboys', verbs: ['*'], identityHash: identity }];
    const versions = [
      {
        name: 'v9',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    ];
    const schema = resourceSchema('cowboys');
    await done(mallory.post(schemasOf(evil.path), { ...schema, spec: { ...schema.spec, versions } }));
    await done(mallory.post(exportsOf(evil.path), exportOf(name, { resources: [{ plural: 'cowboys' }], claims })));
    await mallory.until(`${exportsOf(evil.path)}/${name}`, ({ body }) => condition(body, 'IdentityValid') === 'True');
    const url = (cluster: string, version: string) =>
      `${virtualOf(evil.cluster, name)}/clusters/${cluster}/apis/wild.west/${version}/cowboys`;
    for (const version of ['v1alpha1', 'v9']) {
      const all = await mallory.get(url('*', version));
      expect([200, 403, 404], all.text).toContain(all.status);
      if (all.status === 200) expect(names(all.body), version).toEqual([]);
      const one = await mallory.get(url(consumer.cluster, version));
      expect(one.status, one.text).toBe(403);
    }
  });

  it('show no object of a workspace that has not bound them, although it is stored under their identity', async () => {
    // A tenant that knows the secret of an identity may have it as well; what is bound is still
    // another export.
    const key = field(
      (await admin.get(`${base(victim.path)}/api/v1/namespaces/kcp-system/secrets/cowboys`)).body,
      'data.key',
    );
    const name = fresh('shared');
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { key } };
    await done(mallory.post(secretsOf(evil.path), secret));
    const schema = resourceSchema('cowboys');
    const schemaName = `${fresh('v')}.cowboys.wild.west`;
    await done(mallory.post(schemasOf(evil.path), { ...schema, metadata: { name: schemaName } }));
    const wanted = exportOf(name, { identity: { secretRef: { namespace: 'default', name } } });
    const resources = [{ name: 'cowboys', group: 'wild.west', schema: schemaName, storage: { crd: {} } }];
    await done(mallory.post(exportsOf(evil.path), { ...wanted, spec: { ...wanted.spec, resources } }));
    const ready = await mallory.until(
      `${exportsOf(evil.path)}/${name}`,
      ({ body }) => condition(body, 'IdentityValid') === 'True',
    );
    expect(field(ready.body, 'status.identityHash')).toBe(identity);
    await bind(mallory, evil.path, evil.path, name);
    await done(mallory.post(cowboysOf(evil.path), custom('Cowboy', 'mine')));
    const all = `${virtualOf(evil.cluster, name)}/clusters/*/apis/wild.west/v1alpha1/cowboys`;
    const listed = await mallory.until(all, ({ body }) => names(body).length > 0);
    expect(names(listed.body)).toEqual(['mine']);
    expect(names((await mallory.get(`${all}?limit=1`)).body)).toEqual(['mine']);
    expect(names((await mallory.get(`${all}?labelSelector=!x`)).body)).toEqual(['mine']);
    const stop = new AbortController();
    const events: WatchEvent[] = [];
    const watching = (async () => {
      for await (const event of mallory.watch(`${all}?watch=true`, stop.signal)) {
        events.push(event);
        if (event.object.metadata.name === 'last') stop.abort();
      }
    })();
    for (const one of ['a', 'b']) await done(admin.post(cowboysOf(consumer.path), custom('Cowboy', one)));
    for (const one of ['a', 'b']) await done(admin.delete(`${cowboysOf(consumer.path)}/${one}`));
    await done(mallory.post(cowboysOf(evil.path), custom('Cowboy', 'last')));
    await watching;
    expect([...new Set(events.map(({ object }) => object.metadata.name))]).toEqual(['mine', 'last']);
    const reached = await mallory.get(
      `${virtualOf(evil.cluster, name)}/clusters/${consumer.cluster}/apis/wild.west/v1alpha1/namespaces/default/cowboys/luke`,
    );
    expect(reached.status, reached.text).toBe(403);
  });

  it('show that the objects of a workspace are gone when it is deleted, or no longer bound', async () => {
    const { name } = await ownExport();
    const plural = `${name.replace('-', '')}s`;
    const kind = `${plural.slice(0, 1).toUpperCase()}${plural.slice(1, -1)}`;
    const leaving = await Promise.all(
      ['gone', 'unbound'].map((one) => makeWorkspace(admin, 'root', fresh(one), universal)),
    );
    for (const { path } of leaving) {
      await bind(admin, path, evil.path, name);
      const objects = `${base(path)}/apis/evil.io/v1alpha1/namespaces/default/${plural}`;
      await admin.until(objects, ({ status }) => status === 200);
      await done(admin.post(objects, custom(kind, 'left', {}, 'evil.io')));
    }
    const all = `${virtualOf(evil.cluster, name)}/clusters/*/apis/evil.io/v1alpha1/${plural}`;
    const before = await mallory.until(all, ({ body }) => names(body).length === 2);
    const [gone, unbound] = leaving;
    await done(admin.delete(`${workspacesOf('root')}/${gone?.path.split(':').at(-1)}`));
    await done(admin.delete(`${bindingsOf(unbound?.path ?? '')}/${name}`));
    const stop = new AbortController();
    const seen = new Set<string>();
    const version = String(field(before.body, 'metadata.resourceVersion'));
    for await (const { type, object } of mallory.watch(`${all}?watch=true&resourceVersion=${version}`, stop.signal)) {
      if (type === 'DELETED') seen.add(String(object.metadata.annotations?.['kcp.io/cluster']));
      if (seen.size === leaving.length) stop.abort();
    }
    expect([...seen].sort()).toEqual(leaving.map(({ cluster }) => cluster).sort());
  });

  it('give no rights in the workspaces that bind them: RBAC objects there are the system’s alone', async () => {
    const { name } = await ownExport();
    await bind(admin, consumer.path, evil.path, name);
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'taken' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'user-1' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    };
    const inside = `${virtualOf(evil.cluster, name)}/clusters/${consumer.cluster}/apis/rbac.authorization.k8s.io/v1/clusterrolebindings`;
    expect((await mallory.post(inside, binding)).status).toBe(403);
    expect((await admin.get(`${rbacOf(consumer.path)}/clusterrolebindings/taken`)).status).toBe(404);
  });
});

describe('paths', () => {
  it('that come to mean another workspace do not hand over what was bound and granted to the first', async () => {
    const name = fresh('provider');
    const first = await makeWorkspace(admin, 'root', name, universal);
    const claims: Claim[] = [{ group: '', resource: 'configmaps', verbs: ['*'] }];
    await provide(admin, first.path, 'export', 'gadgets', claims, { group: 'paths.io' });
    await bind(admin, consumer.path, first.path, 'export', claims.map(accepted));
    await done(admin.delete(`${workspacesOf('root')}/${name}`));
    await admin.until(`${workspacesOf('root')}/${name}`, ({ status }) => status === 404);
    const second = await makeWorkspace(admin, 'root', name, universal);
    await admit(admin, second.path, 'user-1');
    await bindRole(admin, second.path, 'all', 'user-1', 'cluster-admin');
    await provide(mallory, second.path, 'export', 'gadgets', claims, { group: 'paths.io' });
    // Whatever makes the binding reconcile, an update by its owner among it, changes nothing.
    const url = `${bindingsOf(consumer.path)}/export`;
    await done(admin.patch(url, { metadata: { labels: { touched: 'yes' } } }));
    const left = await admin.until(url, ({ body }) => condition(body, 'APIExportValid') === 'False/APIExportNotFound');
    expect(field(left.body, 'status.apiExportClusterName')).toBe(first.cluster);
    for (const cluster of ['*', consumer.cluster]) {
      const answer = await mallory.get(`${virtualOf(second.cluster, 'export')}/clusters/${cluster}/api/v1/configmaps`);
      if (cluster === '*') expect(names(answer.body)).toEqual([]);
      else expect(answer.status, answer.text).toBe(403);
    }
  });
});

describe('claims', () => {
  it('are about objects: no token is made and no request approved through one', async () => {
    const claims: Claim[] = [
      { group: '', resource: 'serviceaccounts', verbs: ['*'] },
      { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verbs: ['*'] },
    ];
    const { name } = await ownExport(claims);
    await bind(admin, consumer.path, evil.path, name, claims.map(accepted));
    const inside = `${virtualOf(evil.cluster, name)}/clusters/${consumer.cluster}`;
    const accounts = `${inside}/api/v1/namespaces/default/serviceaccounts`;
    await mallory.until(accounts, ({ body }) => names(body).includes('default'));
    const wanted = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    expect((await mallory.post(`${accounts}/default/token`, wanted)).status).toBe(403);
    const approval = `${inside}/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval`;
    expect((await mallory.put(approval, {})).status).toBe(403);
  });
});

describe('workspaces', () => {
  const orderOf = (cluster: string, shard?: string) => ({
    'internal.tenancy.kcp.io/cluster': cluster,
    'internal.tenancy.kcp.io/shard': 'x',
    ...(shard === undefined ? {} : { 'core.kcp.io/shard': shard }),
  });

  it('that name another’s cluster take nothing with them when they are deleted', async () => {
    const shards = await admin.get(`${base('root')}/apis/core.kcp.io/v1alpha1/shards`);
    const targets = [victim.cluster, consumer.cluster, 'root', 'system:admin', 'system:bound-crds'];
    for (const shard of [undefined, ...names(shards.body)]) {
      for (const target of targets) {
        for (const spec of [nowhere, universal]) {
          const name = fresh('order');
          const metadata = { name, annotations: orderOf(target, shard), finalizers: ['core.kcp.io/logicalcluster'] };
          const wanted = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata, spec };
          await done(mallory.post(workspacesOf(evil.path), wanted));
          const url = `${workspacesOf(evil.path)}/${name}`;
          await mallory.patch(url, {
            metadata: { annotations: orderOf(target, shard), finalizers: ['core.kcp.io/logicalcluster'] },
          });
          await done(mallory.delete(url));
          await mallory.until(url, ({ status }) => status === 404);
        }
      }
    }
    await untouched();
    expect((await admin.get(`${workspacesOf('root')}/victim`)).status).toBe(200);
    // Roles of system:admin hold everywhere: without them nobody would be let in any more.
    expect((await mallory.get(configMapsOf(evil.path))).status).toBe(200);
  });

  it('are never made under the name of a home or of the system', async () => {
    const home = homeClusterName('user-3');
    const shards = await admin.get(`${base('root')}/apis/core.kcp.io/v1alpha1/shards`);
    for (const shard of names(shards.body)) {
      for (const cluster of [home, 'system:evil']) {
        const name = fresh('named');
        const metadata = { name, annotations: orderOf(cluster, shard), finalizers: ['core.kcp.io/logicalcluster'] };
        await done(
          mallory.post(workspacesOf(evil.path), {
            apiVersion: 'tenancy.kcp.io/v1alpha1',
            kind: 'Workspace',
            metadata,
            spec: nowhere,
          }),
        );
        const url = `${workspacesOf(evil.path)}/${name}`;
        await done(mallory.patch(url, { metadata: { annotations: orderOf(cluster, shard) } }));
        await done(mallory.patch(url, { spec: { location: null } }));
        const ready = await mallory.until(url, ({ body }) => field(body, 'status.phase') === 'Ready');
        expect(field(ready.body, 'spec.cluster')).toMatch(/^[0-9a-z]{16}$/);
      }
    }
    const owned = await server.as('user-3').get(`${base('root')}/apis/tenancy.kcp.io/v1alpha1/workspaces/~`);
    expect(owned.status, owned.text).toBe(200);
    expect(field(owned.body, 'spec.cluster')).toBe(home);
    expect((await mallory.get(configMapsOf(home))).status).toBe(403);
  });

  it('belong to who created them, whatever their annotation says before they have a place', async () => {
    const name = fresh('owned');
    const owner = JSON.stringify({ username: 'user-2', groups: ['system:masters'] });
    const annotations = { 'experimental.tenancy.kcp.io/owner': owner };
    await done(
      mallory.post(workspacesOf(evil.path), {
        apiVersion: 'tenancy.kcp.io/v1alpha1',
        kind: 'Workspace',
        metadata: { name, annotations },
        spec: nowhere,
      }),
    );
    const url = `${workspacesOf(evil.path)}/${name}`;
    await mallory.until(url, ({ body }) => field(body, 'status.phase') === 'Unavailable');
    await done(mallory.patch(url, { metadata: { annotations } }));
    await done(mallory.patch(url, { spec: { location: null } }));
    await mallory.until(url, ({ body }) => field(body, 'status.phase') === 'Ready');
    const made = await admin.get(logicalClusterOf(`${evil.path}:${name}`));
    expect(field(made.body, 'spec.createdBy.username')).toBe('user-1');
    expect((await mallory.get(configMapsOf(`${evil.path}:${name}`))).status).toBe(200);
    expect((await server.as('user-2').get(configMapsOf(`${evil.path}:${name}`))).status).toBe(403);
  });

  it('keep their finalizer until the cluster is gone', async () => {
    const { path, cluster } = await makeWorkspace(mallory, evil.path, fresh('held'), universal);
    const url = `${workspacesOf(evil.path)}/${path.split(':').at(-1)}`;
    await done(mallory.patch(url, { metadata: { finalizers: null } }));
    await done(
      mallory.put(url, {
        ...(await mallory.get(url)).body,
        metadata: { ...(await mallory.get(url)).body.metadata, finalizers: [] },
      }),
    );
    await done(mallory.delete(url));
    await mallory.until(url, ({ status }) => status === 404);
    expect((await server.shardAdmin.get(logicalClusterOf(cluster))).status).toBe(404);
  });
});

describe('homes', () => {
  it('are for people: no service account has one, although its name is the same in all workspaces', async () => {
    for (const path of [evil.path, victim.path]) {
      const url = `${base(path)}/api/v1/namespaces/default/serviceaccounts/default/token`;
      const token = await done(
        admin.post(url, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
      );
      await using account = server.client({ token: String(field(token, 'status.token')) });
      const answer = await account.get(`${base('root')}/apis/tenancy.kcp.io/v1alpha1/workspaces/~`);
      expect(answer.status, answer.text).toBe(403);
    }
    const home = homeClusterName('system:serviceaccount:default:default');
    expect((await server.shardAdmin.get(logicalClusterOf(home))).status).toBe(404);
  });
});

it('a name that means something to JavaScript is a name like any other', async () => {
  for (const body of [
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"__proto__":{"polluted":"1"},"data":{"a":"b"}}',
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto2","labels":{"__proto__":"x"},"annotations":{"constructor":"y"}},"data":{"__proto__":"b"}}',
  ])
    await mallory.request('POST', configMapsOf(evil.path), body);
  const url = `${configMapsOf(evil.path)}/target`;
  await done(mallory.post(configMapsOf(evil.path), configMap('target')));
  for (const path of [
    '/__proto__/polluted',
    '/metadata/__proto__/polluted',
    '/constructor/prototype/polluted',
    '/data/__proto__/polluted',
  ])
    await mallory.patch(url, [{ op: 'add', path, value: 'yes' }], 'application/json-patch+json');
  await mallory.request('PATCH', url, '{"__proto__":{"polluted":"yes"},"metadata":{"__proto__":{"polluted":"yes"}}}', {
    'content-type': 'application/merge-patch+json',
  });
  await mallory.request('PATCH', url, '{"__proto__":{"polluted":"yes"},"data":{"__proto__":"x"}}', {
    'content-type': 'application/strategic-merge-patch+json',
  });
  const scaled = definition('scalers', { group: 'evil.io' });
  const [version] = scaled.spec.versions;
  const subresources = {
    scale: { specReplicasPath: '.spec.__proto__.polluted', statusReplicasPath: '.status.__proto__.polluted' },
  };
  const made = await mallory.post(definitionsOf(evil.path), {
    ...scaled,
    spec: { ...scaled.spec, versions: [{ ...version, subresources }] },
  });
  if (made.status === 201) {
    await mallory.until(
      `${definitionsOf(evil.path)}/scalers.evil.io`,
      ({ body }) => condition(body, 'Established')?.startsWith('True') === true,
    );
    const scalers = `${base(evil.path)}/apis/evil.io/v1alpha1/namespaces/default/scalers`;
    await mallory.until(scalers, ({ status }) => status === 200);
    await mallory.post(scalers, custom('Scaler', 'one', { spec: {} }, 'evil.io'));
    await mallory.patch(`${scalers}/one/scale`, { spec: { replicas: 7 } });
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  const other = await admin.post(configMapsOf(victim.path), configMap(fresh('clean')));
  expect(other.text).not.toMatch('polluted');
});
