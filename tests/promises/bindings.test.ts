/** Promises about exports, bindings, identities and endpoint slices. */
import { createHash } from 'node:crypto';
import type { KubeObject } from '@kcp-ts/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  anySchema,
  base,
  bind,
  bindingsOf,
  bindingTo,
  condition,
  configMapsOf,
  custom,
  definition,
  done,
  exportOf,
  exportsOf,
  field,
  logicalClusterOf,
  makeWorkspace,
  names,
  provide,
  rejected,
  resourceSchema,
  schemasOf,
  slicesOf,
  typesOf,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;
let serial = 0;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
});

afterAll(() => server[Symbol.asyncDispose]());

const workspace = (name: string): Promise<MadeWorkspace> => makeWorkspace(admin, 'root', `${name}-${++serial}`);
const cowboysOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
const groupsOf = async (path: string) =>
  ((await admin.get(`${base(path)}/apis`)).body['groups'] as { name: string }[]).map(({ name }) => name);
const versionsOf = async (path: string) =>
  Object.keys((await admin.get(`${base(path)}/openapi/v3`)).body['paths'] as object);

it('P1: a binding to an export without its schema may be made, and its reference never changes', async () => {
  const { path } = await workspace('p1');
  await done(admin.post(exportsOf(path), exportOf('empty', { resources: [{ plural: 'ghosts' }] })));
  await done(admin.post(bindingsOf(path), bindingTo('early', path, 'empty')));
  const changed = await admin.patch(`${bindingsOf(path)}/early`, {
    spec: { reference: { export: { name: 'other' } } },
  });
  expect(changed.status).toBe(422);
  expect(changed.text).toContain('APIExport reference must not be changed');
});

it('P2: two providers export the same resource; consumers see it, providers do not, and a second binding conflicts', async () => {
  const [one, two, consumer] = [await workspace('p2-one'), await workspace('p2-two'), await workspace('p2-consumer')];
  for (const { path } of [one, two]) await provide(admin, path, 'cowboys', 'cowboys');
  expect((await admin.get(`${slicesOf(one.path)}/cowboys`)).status).toBe(200);
  await bind(admin, consumer.path, one.path, 'cowboys');
  for (const { path } of [one, two]) {
    expect(await groupsOf(path)).not.toContain('wild.west');
    expect(await versionsOf(path)).not.toContain('apis/wild.west/v1alpha1');
  }
  expect(await groupsOf(consumer.path)).toContain('wild.west');
  expect(await versionsOf(consumer.path)).toContain('apis/wild.west/v1alpha1');
  const url = cowboysOf(consumer.path);
  expect((await admin.post(url, custom('Cowboy', 'luke', { spec: { intent: 'ride' } }))).status).toBe(201);
  expect(field((await admin.patch(`${url}/luke`, { spec: { intent: 'shoot' } })).body, 'spec.intent')).toBe('shoot');
  expect(names((await admin.get(url)).body)).toEqual(['luke']);
  expect((await admin.delete(`${url}/luke`)).status).toBe(200);
  await done(admin.post(bindingsOf(consumer.path), bindingTo('second', two.path, 'cowboys')));
  await admin.until(
    `${bindingsOf(consumer.path)}/second`,
    ({ body }) => condition(body, 'InitialBindingCompleted') === 'False/NamingConflicts',
  );
  expect(await virtualWorkspace(admin, one.path, 'cowboys')).toBe(`/services/apiexport/${one.cluster}/cowboys`);
});

it('P3: a binding goes after its instances, and while it goes nothing new is made', async () => {
  const [provider, consumer] = [await workspace('p3-provider'), await workspace('p3-consumer')];
  await provide(admin, provider.path, 'cowboys', 'cowboys');
  await bind(admin, consumer.path, provider.path, 'cowboys');
  const url = cowboysOf(consumer.path);
  await done(admin.post(url, custom('Cowboy', 'free')));
  await done(
    admin.post(url, { ...custom('Cowboy', 'held'), metadata: { name: 'held', finalizers: ['wild.west/hold'] } }),
  );
  const binding = `${bindingsOf(consumer.path)}/cowboys`;
  expect(((await admin.get(binding)).body.metadata.finalizers ?? []).length).toBeGreaterThan(0);
  expect((await admin.delete(binding)).status).toBe(200);
  await admin.until(
    binding,
    ({ body }) => condition(body, 'BindingResourceDeleteSuccess')?.startsWith('False') === true,
  );
  await admin.until(url, ({ body }) => names(body).join() === 'held');
  const discovery = await admin.get<{ resources: { name: string; verbs: string[] }[] }>(
    `${base(consumer.path)}/apis/wild.west/v1alpha1`,
  );
  expect(discovery.body.resources.find(({ name }) => name === 'cowboys')?.verbs).not.toContain('create');
  expect((await admin.post(url, custom('Cowboy', 'late'))).status).toBe(403);
  expect((await admin.patch(`${url}/held`, { spec: { intent: 'wait' } })).status).toBe(200);
  await done(admin.patch(`${url}/held`, { metadata: { finalizers: null } }));
  await admin.until(binding, ({ status }) => status === 404);
});

it('P4: selectable fields of a schema select bound objects, other fields are not supported', async () => {
  const [provider, consumer] = [await workspace('p4-provider'), await workspace('p4-consumer')];
  await provide(admin, provider.path, 'cowboys', 'cowboys', [], { selectableFields: [{ jsonPath: '.spec.intent' }] });
  await bind(admin, consumer.path, provider.path, 'cowboys');
  const url = cowboysOf(consumer.path);
  for (const intent of ['good', 'bad']) await done(admin.post(url, custom('Cowboy', intent, { spec: { intent } })));
  expect(names((await admin.get(`${url}?fieldSelector=spec.intent%3Dgood`)).body)).toEqual(['good']);
  const other = await admin.get(`${url}?fieldSelector=spec.herd%3D1`);
  expect(other.status).toBe(400);
  expect(other.text).toContain('not supported');
});

it('P5: a claim on logicalclusters lists those of the consumers', async () => {
  const [provider, consumer] = [await workspace('p5-provider'), await workspace('p5-consumer')];
  const claim = { group: 'core.kcp.io', resource: 'logicalclusters', verbs: ['*'] };
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const list = await admin.until(
    `${virtual}/clusters/*/apis/core.kcp.io/v1alpha1/logicalclusters`,
    ({ body }) => names(body).length > 0,
  );
  expect(field(list.body, 'items.0.metadata.annotations')).toMatchObject({ 'kcp.io/cluster': consumer.cluster });
  expect(names(list.body)).toHaveLength(1);
});

it('P6: a claim on definitions makes them readable for the provider', async () => {
  const [provider, consumer] = [await workspace('p6-provider'), await workspace('p6-consumer')];
  const claim = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions', verbs: ['*'] };
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  await done(
    admin.post(`${base(consumer.path)}/apis/apiextensions.k8s.io/v1/customresourcedefinitions`, definition('horses')),
  );
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const url = `${virtual}/clusters/*/apis/apiextensions.k8s.io/v1/customresourcedefinitions`;
  await admin.until(url, ({ body }) => names(body).join() === 'horses.wild.west');
  expect(
    (
      await admin.get(
        `${virtual}/clusters/${consumer.cluster}/apis/apiextensions.k8s.io/v1/customresourcedefinitions/horses.wild.west`,
      )
    ).status,
  ).toBe(200);
});

it('P7: an accepted claim with a wrong identity is invalid until it is corrected', async () => {
  const [other, provider, consumer] = [
    await workspace('p7-other'),
    await workspace('p7-provider'),
    await workspace('p7-consumer'),
  ];
  const identityHash = await provide(admin, other.path, 'horses', 'horses');
  const claims = [
    { group: 'wild.west', resource: 'horses', verbs: ['get', 'list'], identityHash },
    { group: '', resource: 'configmaps', verbs: ['*'] },
  ];
  await provide(admin, provider.path, 'cowboys', 'cowboys', claims);
  await bind(admin, consumer.path, other.path, 'horses');
  const wrong = claims.map((claim) =>
    accepted(claim.resource === 'horses' ? { ...claim, identityHash: 'wrong' } : claim),
  );
  await done(admin.post(bindingsOf(consumer.path), bindingTo('cowboys', provider.path, 'cowboys', wrong)));
  const binding = `${bindingsOf(consumer.path)}/cowboys`;
  await admin.until(
    binding,
    ({ body }) => condition(body, 'PermissionClaimsValid') === 'False/InvalidPermissionClaims',
  );
  await done(admin.patch(binding, { spec: { permissionClaims: claims.map(accepted) } }));
  const valid = await admin.until(
    binding,
    ({ body }) =>
      condition(body, 'PermissionClaimsValid') === 'True' && condition(body, 'PermissionClaimsApplied') === 'True',
  );
  const source = await admin.get(`${exportsOf(provider.path)}/cowboys`);
  expect(field(valid.body, 'status.exportPermissionClaims')).toEqual(field(source.body, 'spec.permissionClaims'));
});

it('P8: a group under k8s.io can be exported when its schema says that it was approved', async () => {
  const [provider, consumer] = [await workspace('p8-provider'), await workspace('p8-consumer')];
  const group = 'gateway.networking.k8s.io';
  const unapproved = await admin.post(
    schemasOf(provider.path),
    resourceSchema('gateways', { group, schema: anySchema }),
  );
  expect(unapproved.status).toBe(403);
  expect(unapproved.text).toContain('api-approved.kubernetes.io');
  const annotations = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/2466' };
  await provide(admin, provider.path, 'gateways', 'gateways', [], { group, schema: anySchema, annotations });
  await bind(admin, consumer.path, provider.path, 'gateways');
  const made = await admin.post(
    `${base(consumer.path)}/apis/${group}/v1alpha1/namespaces/default/gateways`,
    custom('Gateway', 'one', { spec: { class: 'a' } }, group),
  );
  expect(made.status, made.text).toBe(201);
});

it('P40: an identity is invalid until its secret exists, and is the hash of its key', async () => {
  const { path } = await workspace('p40');
  const identity = { secretRef: { namespace: 'default', name: 'later' } };
  await done(admin.post(exportsOf(path), exportOf('own', { identity })));
  const url = `${exportsOf(path)}/own`;
  await admin.until(url, ({ body }) => condition(body, 'IdentityValid') === 'False/IdentityVerificationFailed');
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'later' },
    data: { key: Buffer.from('a key of my own').toString('base64') },
  };
  await done(admin.post(`${base(path)}/api/v1/namespaces/default/secrets`, secret));
  const ready = await admin.until(url, ({ body }) => condition(body, 'IdentityValid') === 'True');
  expect(field(ready.body, 'status.identityHash')).toBe(createHash('sha256').update('a key of my own').digest('hex'));
});

it('P41: an endpoint slice is for an export that exists, and for a partition that exists', async () => {
  const [provider, consumer] = [await workspace('p41-provider'), await workspace('p41-consumer')];
  const slice = (name: string, more: object = {}) => ({
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIExportEndpointSlice',
    metadata: { name },
    spec: { export: { path: provider.path, name: 'cowboys' }, ...more },
  });
  expect((await admin.post(slicesOf(provider.path), slice('early'))).status).toBe(403);
  await provide(admin, provider.path, 'cowboys', 'cowboys');
  await bind(admin, consumer.path, provider.path, 'cowboys');
  await done(admin.post(slicesOf(provider.path), slice('mine')));
  await admin.until(
    `${slicesOf(provider.path)}/mine`,
    ({ body }) => condition(body, 'APIExportValid') === 'True' && field(body, 'status.endpoints.0') !== undefined,
  );
  await done(admin.post(slicesOf(provider.path), slice('part', { partition: 'far' })));
  await admin.until(
    `${slicesOf(provider.path)}/part`,
    ({ body }) => condition(body, 'PartitionValid') === 'False/PartitionInvalidReference',
  );
  const partition = {
    apiVersion: 'topology.kcp.io/v1alpha1',
    kind: 'Partition',
    metadata: { name: 'far' },
    spec: { selector: { matchLabels: { region: 'nowhere' } } },
  };
  await done(admin.post(`${base(provider.path)}/apis/topology.kcp.io/v1alpha1/partitions`, partition));
  const valid = await admin.until(
    `${slicesOf(provider.path)}/part`,
    ({ body }) => condition(body, 'PartitionValid') === 'True',
  );
  expect(field(valid.body, 'status.endpoints') ?? []).toEqual([]);
});

it('P44: a workspace is Ready once the default bindings of its type and of those that it extends are bound', async () => {
  const universal = { type: { path: 'root', name: 'universal' } };
  const [types, far] = [await makeWorkspace(admin, 'root', 'p44-types', universal), await workspace('p44-far')];
  await provide(admin, far.path, 'horses', 'horses');
  await provide(admin, types.path, 'cowboys', 'cowboys');
  await provide(admin, types.path, 'sheriffs', 'sheriffs');
  const type = (name: string, path: string, exported: string, extended: readonly string[] = []) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'WorkspaceType',
    metadata: { name },
    spec: {
      defaultAPIBindings: [{ path, export: exported }],
      extend: { with: extended.map((other) => ({ name: other, path: types.path })) },
    },
  });
  const url = `${base(types.path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
  await done(admin.post(url, type('with-horses', far.path, 'horses')));
  await done(admin.post(url, type('with-cowboys', types.path, 'cowboys')));
  await done(admin.post(url, type('with-all', types.path, 'sheriffs', ['with-horses', 'with-cowboys'])));
  const missing = await admin.post(url, type('with-nothing', types.path, 'nothing'));
  expect(missing.status).toBe(403);
  expect(missing.text).toContain(`no permission to bind to export ${types.path}:nothing`);
  const made = await makeWorkspace(admin, types.path, 'everything', { type: { name: 'with-all', path: types.path } });
  const bindings = await admin.get(bindingsOf(made.path));
  const phases = (bindings.body['items'] as object[]).map((item) => [
    field(item, 'spec.reference.export.name'),
    field(item, 'status.phase'),
  ]);
  for (const name of ['horses', 'cowboys', 'sheriffs']) expect(phases).toContainEqual([name, 'Bound']);
  for (const plural of ['horses', 'cowboys', 'sheriffs'])
    expect((await admin.get(`${base(made.path)}/apis/wild.west/v1alpha1/${plural}`)).status).toBe(200);
  expect((await admin.get(configMapsOf(made.path))).status).toBe(200);
});

it('default bindings of a type that maintains them follow the type and the export; those that were made once do not', async () => {
  const universal = { type: { name: 'universal', path: 'root' } };
  const provider = await makeWorkspace(admin, 'root', 'maintained', universal);
  const claims = (resource: string) => [{ group: '', resource, verbs: ['*'] }];
  for (const plural of ['horses', 'cowboys']) await provide(admin, provider.path, plural, plural, claims('configmaps'));
  const type = (name: string, lifecycle: string, exports: readonly string[]) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'WorkspaceType',
    metadata: { name },
    spec: { defaultAPIBindings: exports.map((each) => ({ export: each })), defaultAPIBindingLifecycle: lifecycle },
  });
  for (const [name, lifecycle] of [
    ['kept', 'Maintain'],
    ['once', 'InitializeOnly'],
  ] as const)
    await done(admin.post(typesOf(provider.path), type(name, lifecycle, ['horses'])));
  const { path: kept } = await makeWorkspace(admin, provider.path, 'a', {
    type: { name: 'kept', path: provider.path },
  });
  const { path: once } = await makeWorkspace(admin, provider.path, 'b', {
    type: { name: 'once', path: provider.path },
  });
  const bindings = async (path: string) => (await admin.get(bindingsOf(path))).body['items'] as KubeObject[];
  const [first, other] = [(await bindings(kept))[0], (await bindings(once))[0]];
  const annotation = 'experimental.tenancy.kcp.io/default-api-binding-lifecycle';
  expect([first, other].map((each) => each?.metadata.annotations?.[annotation])).toEqual([
    'Maintain',
    'InitializeOnly',
  ]);
  const url = `${bindingsOf(kept)}/${first?.metadata.name}`;
  const reconciled = () =>
    admin.until(logicalClusterOf(kept), ({ body }) => condition(body, 'APIBindingsReconciled') === 'True');
  await reconciled();
  const accepts = (resource: string) => (answer: Answer) =>
    field(answer.body, 'spec.permissionClaims.0.resource') === resource &&
    field(answer.body, 'spec.permissionClaims.0.state') === 'Accepted';

  // What its workspace rejects is accepted again; what it deletes is made again.
  const rejecting = claims('configmaps').map((claim) => rejected(claim));
  await done(
    admin.patch(url, { spec: { permissionClaims: rejecting }, metadata: { annotations: { [annotation]: null } } }),
  );
  await admin.until(url, accepts('configmaps'));
  await done(admin.delete(url));
  const again = await admin.until(
    url,
    ({ body, status }) => status === 200 && body.metadata.uid !== first?.metadata.uid,
  );
  expect(again.body.metadata.annotations?.[annotation]).toBe('Maintain');
  await reconciled();

  // The export claims something else, the type asks for more.
  await done(admin.patch(`${exportsOf(provider.path)}/horses`, { spec: { permissionClaims: claims('secrets') } }));
  await admin.until(url, accepts('secrets'));
  await done(admin.patch(`${typesOf(provider.path)}/kept`, { spec: type('', 'Maintain', ['horses', 'cowboys']).spec }));
  await admin.until(bindingsOf(kept), ({ body }) => {
    const items = body['items'] as object[];
    return items.length === 2 && items.every((item) => field(item, 'status.phase') === 'Bound');
  });
  await reconciled();

  const untouched = await bindings(once);
  expect(untouched.map(({ metadata }) => metadata.uid)).toEqual([other?.metadata.uid]);
  expect(field(untouched[0], 'spec.permissionClaims.0.resource')).toBe('configmaps');
  await done(admin.delete(`${bindingsOf(once)}/${other?.metadata.name}`));
  await admin.until(bindingsOf(once), ({ body }) => (body['items'] as object[]).length === 0);
  await done(admin.delete(`${workspacesOf(provider.path)}/a`));
  await admin.until(`${workspacesOf(provider.path)}/a`, ({ status }) => status === 404);
});

it('a workspace with two bindings to an export of claims alone stays a consumer until the last of them goes', async () => {
  const [provider, consumer] = [await workspace('twice-provider'), await workspace('twice-consumer')];
  const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  await done(admin.post(exportsOf(provider.path), exportOf('claims', { claims: [claim] })));
  await admin.until(`${exportsOf(provider.path)}/claims`, ({ body }) => condition(body, 'IdentityValid') === 'True');
  for (const name of ['one', 'two']) {
    await done(admin.post(bindingsOf(consumer.path), bindingTo(name, provider.path, 'claims', [accepted(claim)])));
    await admin.until(
      `${bindingsOf(consumer.path)}/${name}`,
      ({ body }) => field(body, 'status.phase') === 'Bound' && condition(body, 'PermissionClaimsApplied') === 'True',
    );
  }
  const virtual = await virtualWorkspace(admin, provider.path, 'claims');
  const list = `${virtual}/clusters/*/api/v1/configmaps`;
  expect(names((await admin.get(list)).body)).toContain('kube-root-ca.crt');
  await done(admin.delete(`${bindingsOf(consumer.path)}/one`));
  await admin.until(`${bindingsOf(consumer.path)}/one`, ({ status }) => status === 404);
  expect(names((await admin.get(list)).body)).toContain('kube-root-ca.crt');
  await done(admin.delete(`${bindingsOf(consumer.path)}/two`));
  await admin.until(list, ({ body }) => names(body).length === 0);
});

it('a binding cannot pretend to be to another export by its labels', async () => {
  const [victim, provider, consumer] = [
    await workspace('victim'),
    await workspace('own-provider'),
    await workspace('own-consumer'),
  ];
  await provide(admin, victim.path, 'cowboys', 'cowboys');
  await bind(admin, victim.path, victim.path, 'cowboys');
  await provide(admin, provider.path, 'cowboys', 'cowboys');
  await bind(admin, consumer.path, provider.path, 'cowboys');
  const labels = (await admin.get(`${bindingsOf(victim.path)}/cowboys`)).body.metadata.labels ?? {};
  const virtual = await virtualWorkspace(admin, victim.path, 'cowboys');
  const list = `${virtual}/clusters/*/apis/apis.kcp.io/v1alpha2/apibindings`;
  const consumers = async () =>
    ((await admin.get(list)).body['items'] as { metadata: { annotations: Record<string, string> } }[]).map(
      ({ metadata }) => metadata.annotations['kcp.io/cluster'],
    );
  expect(await consumers()).toEqual([victim.cluster]);
  await admin.patch(`${bindingsOf(consumer.path)}/cowboys`, { metadata: { labels } });
  expect(await consumers()).toEqual([victim.cluster]);
  // Also when the export that the binding is to cannot be found any more.
  await done(admin.delete(`${workspacesOf('root')}/${provider.path.slice('root:'.length)}`));
  await admin.until(`${workspacesOf('root')}/${provider.path.slice('root:'.length)}`, ({ status }) => status === 404);
  await admin.patch(`${bindingsOf(consumer.path)}/cowboys`, { metadata: { labels } });
  expect(await consumers()).toEqual([victim.cluster]);
  await admin.post(bindingsOf(consumer.path), {
    ...bindingTo('forged', 'root:nowhere', 'cowboys'),
    metadata: { name: 'forged', labels },
  });
  expect(await consumers()).toEqual([victim.cluster]);
});
