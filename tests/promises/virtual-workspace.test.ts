/**
 * Promises about the virtual workspace of an export: what a provider sees and may do with its
 * consumers' objects.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  configMap,
  configMapsOf,
  custom,
  done,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  rejected,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
let serial = 0;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
});

afterAll(() => server[Symbol.asyncDispose]());

const workspace = (name: string): Promise<MadeWorkspace> => makeWorkspace(admin, 'root', `${name}-${++serial}`);
const configMaps: Claim = { group: '', resource: 'configmaps', verbs: ['*'] };

async function shared(name: string, claims: readonly Claim[], answers: readonly object[] = claims.map(accepted)) {
  const [provider, consumer] = [await workspace(`${name}-provider`), await workspace(`${name}-consumer`)];
  const identity = await provide(admin, provider.path, 'cowboys', 'cowboys', claims);
  await bind(admin, consumer.path, provider.path, 'cowboys', answers);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const inside = `${virtual}/clusters/${consumer.cluster}`;
  return { provider, consumer, identity, virtual, inside, binding: `${bindingsOf(consumer.path)}/cowboys` };
}

const answer = (binding: string, claims: readonly object[]) =>
  done(admin.patch(binding, { spec: { permissionClaims: claims } }));

it('P17: each verb needs that verb on the content of the export', async () => {
  const { provider, consumer, inside } = await shared('p17', []);
  const user = server.as('provider');
  await admit(admin, provider.path, 'provider');
  const cowboys = `${inside}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
  const seed = (name: string) =>
    done(
      admin.post(`${base(consumer.path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`, custom('Cowboy', name)),
    );
  await seed('luke');
  const steps: readonly { verb: string; status: number; ask: () => Promise<{ status: number; text: string }> }[] = [
    { verb: 'list', status: 200, ask: () => user.get(cowboys) },
    { verb: 'get', status: 200, ask: () => user.get(`${cowboys}/luke`) },
    { verb: 'create', status: 201, ask: () => user.post(cowboys, custom('Cowboy', 'jesse')) },
    {
      verb: 'update',
      status: 200,
      ask: async () => user.put(`${cowboys}/luke`, (await admin.get(`${cowboys}/luke`)).body),
    },
    {
      verb: 'update',
      status: 200,
      ask: async () =>
        user.put(`${cowboys}/luke/status`, { ...(await admin.get(`${cowboys}/luke`)).body, status: { result: 'won' } }),
    },
    { verb: 'patch', status: 200, ask: () => user.patch(`${cowboys}/luke`, { spec: { intent: 'rest' } }) },
    { verb: 'delete', status: 200, ask: () => user.delete(`${cowboys}/luke`) },
    { verb: 'deletecollection', status: 200, ask: () => user.delete(cowboys) },
  ];
  const granted = new Set<string>();
  for (const { verb, status, ask } of steps) {
    if (!granted.has(verb)) {
      const refused = await ask();
      expect(refused.status, `${verb} ${refused.text}`).toBe(403);
      await grant(admin, provider.path, `content-${verb}`, 'provider', [
        { apiGroups: ['apis.kcp.io'], resources: ['apiexports/content'], resourceNames: ['cowboys'], verbs: [verb] },
      ]);
      granted.add(verb);
    }
    const allowed = await ask();
    expect(allowed.status, `${verb} ${allowed.text}`).toBe(status);
  }
  expect((await user.patch(`${cowboys}/nobody`, { spec: { intent: 'none' } })).status).toBe(404);
  const bindings = await user.get(`${inside}/apis/apis.kcp.io/v1alpha2/apibindings`);
  expect(names(bindings.body)).toEqual(['cowboys']);
});

it('P18: claimed resources are empty until accepted, and go with the claim', async () => {
  const other = await workspace('p18-other');
  const identityHash = await provide(admin, other.path, 'horses', 'horses');
  const horses: Claim = { group: 'wild.west', resource: 'horses', verbs: ['*'], identityHash };
  const claims = [configMaps, horses];
  const { provider, consumer, virtual, inside, binding } = await shared('p18', claims, []);
  await bind(admin, consumer.path, other.path, 'horses');
  await done(admin.post(configMapsOf(consumer.path), configMap('mine')));
  await done(
    admin.post(`${base(consumer.path)}/apis/wild.west/v1alpha1/namespaces/default/horses`, custom('Horse', 'jolly')),
  );
  const urls = [`${virtual}/clusters/*/api/v1/configmaps`, `${virtual}/clusters/*/apis/wild.west/v1alpha1/horses`];
  for (const url of [...urls, `${inside}/api/v1/configmaps`]) {
    const list = await admin.get(url);
    expect(list.status, list.text).toBe(200);
    expect(names(list.body)).toEqual([]);
  }
  await answer(binding, claims.map(accepted));
  for (const [at, name] of ['mine', 'jolly'].entries())
    await admin.until(urls[at] ?? '', ({ body }) => names(body).includes(name));
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'configmaps' } },
  };
  expect(
    (await admin.post(`${base(consumer.path)}/apis/authorization.k8s.io/v1/subjectaccessreviews`, review)).status,
  ).toBe(201);
  await answer(binding, claims.map(rejected));
  for (const url of urls) await admin.until(url, ({ body }) => names(body).length === 0);
  await answer(binding, claims.map(accepted));
  await admin.until(urls[0] ?? '', ({ body }) => names(body).includes('mine'));
  await done(admin.patch(`${exportsOf(provider.path)}/cowboys`, { spec: { permissionClaims: [horses] } }));
  await admin.until(urls[0] ?? '', ({ status }) => status === 404);
  expect((await admin.get(`${inside}/api/v1/configmaps`)).status).toBe(403);
});

it('what a claim comes to show or hide is an event of its own, for who goes on from before it as well', async () => {
  const { consumer, virtual, binding } = await shared('shown', [configMaps], []);
  const mine = `${configMapsOf(consumer.path)}/mine`;
  await done(admin.post(configMapsOf(consumer.path), configMap('mine')));
  const url = `${virtual}/clusters/*/api/v1/configmaps`;
  const version = (body: { metadata: { resourceVersion?: string } }) => BigInt(body.metadata.resourceVersion ?? '0');
  /** The next event of that ConfigMap behind a version. */
  const eventAfter = async (from: bigint) => {
    const over = new AbortController();
    try {
      for await (const { type, object } of admin.watch(`${url}?watch=true&resourceVersion=${from}`, over.signal))
        if (object.metadata.name === 'mine') return { type, at: version(object) };
    } finally {
      over.abort();
    }
    throw new Error('the watch has ended');
  };
  const before = version((await admin.get(url)).body);
  const made = version((await admin.get(mine)).body);
  await answer(binding, [accepted(configMaps)]);
  const shown = await eventAfter(before);
  expect(shown.type).toBe('ADDED');
  // Nobody has written it: it was committed again, so that no resume misses it and no cache holds
  // an old version.
  expect(shown.at).toBeGreaterThan(made);
  expect(version((await admin.get(mine)).body)).toBe(shown.at);
  expect(await eventAfter(before)).toEqual(shown);
  await answer(binding, [rejected(configMaps)]);
  const hidden = await eventAfter(shown.at);
  expect(hidden.type).toBe('DELETED');
  expect(hidden.at).toBeGreaterThan(shown.at);
  expect((await admin.get(mine)).status).toBe(200);
});

it('P18: reviews of access work in one consumer when they are claimed', async () => {
  const claim = (resource: string): Claim => ({ group: 'authorization.k8s.io', resource, verbs: ['*'] });
  const { consumer, inside } = await shared('p18-reviews', [
    claim('subjectaccessreviews'),
    claim('localsubjectaccessreviews'),
  ]);
  await grant(admin, consumer.path, 'reader', 'user-1', [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ]);
  await admit(admin, consumer.path, 'user-1');
  const spec = {
    user: 'user-1',
    groups: ['system:authenticated'],
    resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: 'default' },
  };
  const apiVersion = 'authorization.k8s.io/v1';
  const review = await admin.post(`${inside}/apis/${apiVersion}/subjectaccessreviews`, {
    apiVersion,
    kind: 'SubjectAccessReview',
    spec,
  });
  expect(review.status, review.text).toBe(201);
  expect(field(review.body, 'status.allowed'), review.text).toBe(true);
  const local = await admin.post(`${inside}/apis/${apiVersion}/namespaces/default/localsubjectaccessreviews`, {
    apiVersion,
    kind: 'LocalSubjectAccessReview',
    metadata: { namespace: 'default' },
    spec,
  });
  expect(local.status, local.text).toBe(201);
  expect(field(local.body, 'status.allowed'), local.text).toBe(true);
});

it('P22: writes need a binding and an accepted claim', async () => {
  const { consumer, virtual, inside, binding } = await shared('p22', [configMaps], [rejected(configMaps)]);
  const stranger = await workspace('p22-stranger');
  const write = (to: string, name: string) => admin.post(`${to}/api/v1/namespaces/default/configmaps`, configMap(name));
  expect((await write(`${virtual}/clusters/${stranger.cluster}`, 'a')).status).toBe(403);
  expect((await write(inside, 'a')).status).toBe(403);
  await answer(binding, [accepted(configMaps)]);
  await admin.until(
    binding,
    ({ body }) => (field(body, 'status.appliedPermissionClaims') as unknown[] | undefined)?.length === 1,
  );
  const made = await write(inside, 'b');
  expect(made.status, made.text).toBe(201);
  await answer(binding, [rejected(configMaps)]);
  await admin.until(
    binding,
    ({ body }) => ((field(body, 'status.appliedPermissionClaims') ?? []) as unknown[]).length === 0,
  );
  expect((await write(inside, 'c')).status).toBe(403);
  expect((await admin.get(`${configMapsOf(consumer.path)}/b`)).status).toBe(200);
});

it('P25: only verbs that both sides of a claim name are allowed, and a change takes effect', async () => {
  const claim: Claim = { ...configMaps, verbs: ['get', 'list', 'create'] };
  const { inside, binding, provider } = await shared(
    'p25',
    [claim],
    [accepted({ ...claim, verbs: ['get', 'list', 'delete'] })],
  );
  const url = `${inside}/api/v1/namespaces/default/configmaps`;
  expect((await admin.get(url)).status).toBe(200);
  expect((await admin.post(url, configMap('one'))).status).toBe(403);
  expect((await admin.delete(`${url}/one`)).status).toBe(403);
  await answer(binding, [accepted(claim)]);
  await admin.until(
    binding,
    ({ body }) =>
      (field(body, 'status.appliedPermissionClaims.0.verbs') as string[] | undefined)?.includes('create') === true,
  );
  expect((await admin.post(url, configMap('one'))).status).toBe(201);
  expect((await admin.delete(`${url}/one`)).status).toBe(403);
  const wider = { ...claim, verbs: ['get', 'list', 'create', 'delete'] };
  await done(admin.patch(`${exportsOf(provider.path)}/cowboys`, { spec: { permissionClaims: [wider] } }));
  await answer(binding, [accepted(wider)]);
  await admin.until(
    binding,
    ({ body }) =>
      (field(body, 'status.appliedPermissionClaims.0.verbs') as string[] | undefined)?.includes('delete') === true,
  );
  expect((await admin.delete(`${url}/one`)).status).toBe(200);
});

it('P27: the OpenAPI v3 index lists the group versions, and one document holds all kinds of one', async () => {
  const { inside } = await shared('p27', [configMaps, { group: '', resource: 'secrets', verbs: ['*'] }]);
  const index = await admin.get<{ paths: Record<string, { serverRelativeURL: string }> }>(`${inside}/openapi/v3`);
  expect(Object.keys(index.body.paths)).toEqual(
    expect.arrayContaining(['api/v1', 'apis/wild.west/v1alpha1', 'apis/apis.kcp.io/v1alpha2']),
  );
  const core = await admin.get(`${inside}/openapi/v3/api/v1`);
  expect(core.status).toBe(200);
  const kinds = Object.values(field(core.body, 'components.schemas') as Record<string, object>).flatMap((schema) =>
    (
      (schema as { 'x-kubernetes-group-version-kind'?: { kind: string }[] })['x-kubernetes-group-version-kind'] ?? []
    ).map(({ kind }) => kind),
  );
  expect(kinds).toEqual(expect.arrayContaining(['ConfigMap', 'Secret']));
  const url = index.body.paths['api/v1']?.serverRelativeURL ?? '';
  expect((await admin.get(`${inside}${url}`)).status, url).toBe(200);
});

it('a provider reaches nothing in a workspace that never bound its export, by any verb (CVE-2025-29922)', async () => {
  const { provider, virtual } = await shared('unbound', [
    configMaps,
    { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', verbs: ['*'] },
  ]);
  const victim = await workspace('victim');
  await done(admin.post(configMapsOf(victim.path), configMap('precious')));
  await admit(admin, provider.path, 'user-2');
  await bindRole(admin, provider.path, 'provider-admin', 'user-2', 'cluster-admin');
  const user = server.as('user-2');
  for (const to of [victim.cluster, victim.path, 'root', 'system:admin', provider.cluster, '*']) {
    const inside = `${virtual}/clusters/${to}`;
    for (const collection of [
      `${inside}/api/v1/namespaces/default/configmaps`,
      `${inside}/apis/wild.west/v1alpha1/namespaces/default/cowboys`,
      `${inside}${rbacOf('x').replace('/clusters/x', '')}/clusterrolebindings`,
      `${inside}/apis/apis.kcp.io/v1alpha2/apibindings`,
    ]) {
      for (const [method, path, body] of [
        ['POST', collection, configMap('intruder')],
        ['DELETE', collection, undefined],
        ['DELETE', `${collection}/precious`, undefined],
        ['PUT', `${collection}/precious`, configMap('precious')],
        ['PATCH', `${collection}/precious`, { data: { a: '2' } }],
        ['PATCH', `${collection}/precious/status`, { status: {} }],
      ] as const) {
        const headers = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
        const refused = await user.request(method, path, body, headers);
        expect([403, 404, 405], `${method} ${path}: ${refused.text}`).toContain(refused.status);
      }
      if (to !== '*') expect((await user.get(collection)).status, collection).toBe(403);
    }
  }
  const kept = await admin.get(configMapsOf(victim.path));
  expect(names(kept.body)).toContain('precious');
  expect(names(kept.body)).not.toContain('intruder');
});

it('P28 to P31: a virtual workspace shows those who may read its bindings the schemas that a workspace has bound', async () => {
  const [one, other, consumer] = [await workspace('p28-one'), await workspace('p28-other'), await workspace('p28')];
  await provide(admin, one.path, 'cowboys', 'cowboys');
  await provide(admin, other.path, 'gizmos', 'gizmos');
  await provide(admin, other.path, 'hidden', 'hidden');
  await bind(admin, consumer.path, one.path, 'cowboys');
  await bind(admin, consumer.path, other.path, 'gizmos');
  const at = `/services/apiresourceschema/${consumer.cluster}`;
  const schemas = `${at}/clusters/*/apis/apis.kcp.io/v1alpha1/apiresourceschemas`;
  const resources = (await done(admin.get(`${at}/clusters/*/apis/apis.kcp.io/v1alpha1`)))['resources'];
  expect(resources).toMatchObject([{ name: 'apiresourceschemas', verbs: ['get', 'list', 'watch'] }]);
  const bound = names(await done(admin.get(schemas)));
  const theirs = bound.filter((name) => name.endsWith('.wild.west'));
  expect(theirs.map((name) => name.split('.').at(-3))).toEqual(['cowboys', 'gizmos']);
  // Every workspace has bound what root exports.
  expect(bound.some((name) => name.endsWith('.workspaces.tenancy.kcp.io'))).toBe(true);
  const first = theirs[0] ?? '';
  expect((await done(admin.get(`${schemas}/${first}`)))['kind']).toBe('APIResourceSchema');
  expect((await admin.get(`${schemas}/${first}x`)).status).toBe(404);
  expect(names(await done(admin.get(schemas.replace('/clusters/*', ''))))).toEqual(bound);
  expect(names(await done(admin.get(`${schemas}?fieldSelector=metadata.name%3D${first}`)))).toEqual([first]);
  expect(names(await done(admin.get(`${schemas}?labelSelector=no.such/label`)))).toEqual([]);
  const paged = await done(admin.get(`${schemas}?limit=1`));
  expect(names(paged)).toEqual(bound.slice(0, 1));
  const token = String(field(paged, 'metadata.continue'));
  expect(names(await done(admin.get(`${schemas}?continue=${token}`)))).toEqual(bound.slice(1));
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  expect(await done(admin.get(`${schemas}/${first}`, table))).toMatchObject({
    kind: 'Table',
    rows: [{ cells: [first, expect.any(String)] }],
  });
  expect((await admin.get(schemas.replace('*', other.cluster))).status).toBe(403);
  expect(await admin.get(`${schemas}?watch=1`)).toMatchObject({ status: 200, text: '' });
  for (const refused of [
    await admin.post(schemas, {
      apiVersion: 'apis.kcp.io/v1alpha1',
      kind: 'APIResourceSchema',
      metadata: { name: 'x' },
    }),
    await admin.patch(`${schemas}/${first}`, { metadata: { labels: { a: 'b' } } }),
    await admin.delete(`${schemas}/${first}`),
  ]) {
    expect(refused.status, refused.text).toBe(403);
    expect(refused.text).toContain('only read-only access is allowed to apiresourceschemas');
  }
  const user = server.as('user-3');
  expect((await user.get(schemas)).status).toBe(403);
  await grant(admin, consumer.path, 'read-bindings', 'user-3', [
    { apiGroups: ['apis.kcp.io'], resources: ['apibindings'], verbs: ['get'] },
  ]);
  await user.until(schemas, ({ status }) => status === 200);
  expect((await admin.get('/services/apiresourceschema/nowhere/apis')).status).toBe(403);
});
