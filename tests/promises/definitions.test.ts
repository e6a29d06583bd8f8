/** Promises about definitions of resources, wildcard lists, discovery and URLs. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  base,
  bind,
  configMap,
  configMapsOf,
  custom,
  define,
  definitionsOf,
  done,
  field,
  makeWorkspace,
  names,
  provide,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let workspace: MadeWorkspace;

beforeAll(async () => {
  server = await startServer();
  workspace = await makeWorkspace(server.admin, 'root', 'definitions');
});

afterAll(() => server[Symbol.asyncDispose]());

const partialList = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' };

it('P32: a definition is created and an object of it stored', async () => {
  await define(server.admin, workspace.path, 'horses');
  const horses = `${base(workspace.path)}/apis/wild.west/v1alpha1/namespaces/default/horses`;
  const made = await server.admin.post(horses, custom('Horse', 'jolly', { spec: { intent: 'ride' } }));
  expect(made.status).toBe(201);
  const read = await server.admin.get(`${horses}/jolly`);
  expect(field(read.body, 'spec.intent')).toBe('ride');
});

it('P33: lists of metadata alone work right after a definition was created', async () => {
  await define(server.admin, workspace.path, 'carts');
  const carts = `${base(workspace.path)}/apis/wild.west/v1alpha1/carts`;
  const list = await server.admin.get(carts, partialList);
  expect(list.status).toBe(200);
  expect(list.body.kind).toBe('PartialObjectMetadataList');
});

it('a definition that was deleted and made again begins again: watches and pages of its former incarnation are 410', async () => {
  await define(server.admin, workspace.path, 'ghosts');
  const ghosts = `${base(workspace.path)}/apis/wild.west/v1alpha1/namespaces/default/ghosts`;
  for (const name of ['a', 'b', 'c']) await done(server.admin.post(ghosts, custom('Ghost', name)));
  const page = await server.admin.get(`${ghosts}?limit=1`);
  const { resourceVersion } = page.body.metadata;
  const next = String(field(page.body, 'metadata.continue'));
  const definition = `${definitionsOf(workspace.path)}/ghosts.wild.west`;
  await done(server.admin.delete(definition));
  await server.admin.until(definition, ({ status }) => status === 404);
  await define(server.admin, workspace.path, 'ghosts');
  const watch = await server.admin.get(`${ghosts}?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`);
  expect(watch.status, watch.text).toBe(410);
  expect(watch.body).toMatchObject({ kind: 'Status', reason: 'Expired' });
  expect((await server.admin.get(`${ghosts}?limit=1&continue=${next}`)).status).toBe(410);
  const renewed = await server.admin.get(ghosts);
  expect(names(renewed.body)).toEqual([]);
  const from = renewed.body.metadata.resourceVersion;
  expect((await server.admin.get(`${ghosts}?watch=1&timeoutSeconds=1&resourceVersion=${from}`)).status).toBe(200);
});

it('a create under way while its definition is deleted and made again is not stored under the new one', async () => {
  await define(server.admin, workspace.path, 'shades');
  const shades = `${base(workspace.path)}/apis/wild.west/v1alpha1/namespaces/default/shades`;
  const session = connect(server.url, { ca: server.ca });
  const slow = session.request({
    ':method': 'POST',
    ':path': shades,
    authorization: `Bearer ${server.adminToken}`,
    'content-type': 'application/json',
  });
  // Its resource is found before its body has come; what comes after it is answered after that.
  slow.write(' ');
  for (let round = 0; round < 3; round++) await server.admin.get(shades);
  const definition = `${definitionsOf(workspace.path)}/shades.wild.west`;
  await done(server.admin.delete(definition));
  await server.admin.until(definition, ({ status }) => status === 404);
  await define(server.admin, workspace.path, 'shades');

  const answered = once(slow, 'response');
  slow.end(JSON.stringify(custom('Shade', 'late')));
  const [head] = await answered;
  const status = JSON.parse(Buffer.concat(await slow.toArray()).toString());
  session.close();
  expect(head).toMatchObject({ ':status': 503, 'retry-after': '1' });
  expect(status).toMatchObject({ reason: 'ServiceUnavailable', message: expect.stringContaining('made again') });
  expect(names((await server.admin.get(shades)).body)).toEqual([]);
  await done(server.admin.post(shades, custom('Shade', 'late')));
});

it('P34: wildcard lists take the identity, and go without it only for metadata', async () => {
  const provider = await makeWorkspace(server.admin, 'root', 'provider');
  const consumer = await makeWorkspace(server.admin, 'root', 'consumer');
  const identity = await provide(server.admin, provider.path, 'sheriffs', 'sheriffs');
  await bind(server.admin, consumer.path, provider.path, 'sheriffs');
  await done(
    server.admin.post(
      `${base(consumer.path)}/apis/wild.west/v1alpha1/namespaces/default/sheriffs`,
      custom('Sheriff', 'woody'),
    ),
  );
  const wildcard = '/clusters/*/apis/wild.west/v1alpha1/sheriffs';
  const full = await server.shardAdmin.get(`${wildcard}:${identity}`);
  expect(full.status, full.text).toBe(200);
  expect(names(full.body)).toEqual(['woody']);
  expect(field(full.body, 'items.0.metadata.annotations')).toMatchObject({ 'kcp.io/cluster': consumer.cluster });
  const without = await server.shardAdmin.get(wildcard);
  expect(without.status).toBe(404);
  const metadata = await server.shardAdmin.get(wildcard, partialList);
  expect(metadata.status, metadata.text).toBe(200);
  expect(names(metadata.body)).toEqual(['woody']);
  const workspaces = await server.shardAdmin.get('/clusters/*/apis/tenancy.kcp.io/v1alpha1/workspaces');
  expect(workspaces.status).toBe(404);
});

it('P35: wildcard lists of a built-in kind work, full and for metadata', async () => {
  await done(server.admin.post(configMapsOf(workspace.path), configMap('everywhere')));
  const full = await server.shardAdmin.get('/clusters/*/api/v1/configmaps');
  expect(names(full.body)).toContain('everywhere');
  expect(
    field(
      (full.body['items'] as { metadata: { name: string } }[]).find(({ metadata }) => metadata.name === 'everywhere'),
      'data.a',
    ),
  ).toBe('1');
  const metadata = await server.shardAdmin.get('/clusters/*/api/v1/configmaps', partialList);
  expect(names(metadata.body)).toContain('everywhere');
  expect(metadata.text).not.toContain('"data"');
});

it('P38: the OpenAPI v3 index of an organization names the group versions', async () => {
  const organization = await makeWorkspace(server.admin, 'root', 'acme', {
    type: { path: 'root', name: 'organization' },
  });
  const index = await server.admin.get(`${base(organization.path)}/openapi/v3`);
  expect(index.status).toBe(200);
  expect(Object.keys(field(index.body, 'paths') as object)).toEqual(
    expect.arrayContaining([
      'api/v1',
      'apis/admissionregistration.k8s.io/v1',
      'apis/authentication.k8s.io/v1',
      'apis/tenancy.kcp.io/v1alpha1',
      'apis/apis.kcp.io/v1alpha1',
      'apis/core.kcp.io/v1alpha1',
      'apis/topology.kcp.io/v1alpha1',
    ]),
  );
});

it('P39: a path with the cluster prefix twice or three times is not found', async () => {
  const rest = '/apis/core.kcp.io/v1alpha1/logicalclusters/cluster/status';
  const prefix = base(workspace.path);
  expect((await server.admin.get(`${prefix}${rest}`)).status).toBe(200);
  expect((await server.admin.get(`${prefix}${prefix}${rest}`)).status).toBe(404);
  expect((await server.admin.get(`${prefix}${prefix}${prefix}${rest}`)).status).toBe(404);
});
