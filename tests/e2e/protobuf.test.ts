/** Clients that accept only protobuf: each answer has the content of the answer in JSON. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import {
  accepted,
  anySchema,
  base,
  bind,
  configMap,
  configMapsOf,
  custom,
  define,
  done,
  field,
  makeWorkspace,
  provide,
  virtualWorkspace,
} from '../harness/objects.ts';
import { decodeProtobuf, decodeWatch, protobufType } from '../harness/protobuf.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

const alone = { accept: protobufType };
const metadataAlone = { accept: `${protobufType};as=PartialObjectMetadata;g=meta.k8s.io;v=v1` };
const metadataListAlone = { accept: `${protobufType};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1` };

let server: TestServer;
let admin: ApiClient;
let path: string;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  path = (await makeWorkspace(admin, 'root', 'protobuf')).path;
});

afterAll(() => server[Symbol.asyncDispose]());

function read({ bytes, headers, text }: Answer): Record<string, unknown> {
  expect(headers['content-type'], text).toBe(protobufType);
  return decodeProtobuf(bytes);
}

/** JSON may say that something is empty. */
function levelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(levelled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (inner === null || inner === '' || (Array.isArray(inner) && inner.length === 0 && key !== 'items')) return [];
      return [[key, levelled(inner)]];
    }),
  );
}

it('every collection of Kubernetes, and each object in it, is as in JSON', async () => {
  await done(admin.post(configMapsOf(path), configMap('one', { data: { a: 'ü' }, binaryData: { b: 'AP8=' } })));
  await define(admin, path, 'gizmos');
  const lists: string[] = [];
  for (const version of ['v1', 'apiextensions.k8s.io/v1', 'rbac.authorization.k8s.io/v1', 'events.k8s.io/v1']) {
    const root = `${base(path)}/${version === 'v1' ? 'api' : 'apis'}/${version}`;
    const discovered = await admin.get(root, alone);
    expect(levelled(read(discovered))).toEqual(levelled({ ...(await admin.get(root)).body, apiVersion: 'v1' }));
    const { resources } = read(discovered) as unknown as { resources: { name: string; verbs: string[] }[] };
    for (const { name, verbs } of resources.filter(({ verbs: can }) => can.includes('list'))) {
      expect(verbs).toContain('watch');
      const list = await done(admin.get(`${root}/${name}`));
      const exact = `${root}/${name}?resourceVersionMatch=Exact&resourceVersion=${field(list, 'metadata.resourceVersion')}`;
      expect(levelled(read(await admin.get(exact, alone)))).toEqual(levelled(list));
      for (const item of list['items'] as { metadata: { name: string; namespace?: string } }[]) {
        const { namespace, name: of } = item.metadata;
        const url = `${root}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${name}/${of}`;
        expect(levelled(read(await admin.get(url, alone)))).toEqual(levelled((await admin.get(url)).body));
        lists.push(name);
      }
    }
  }
  expect(lists).toEqual(
    expect.arrayContaining(['configmaps', 'namespaces', 'customresourcedefinitions', 'clusterrolebindings']),
  );
});

it('a list that is longer than a piece says its length first, whole and in pages', async () => {
  await done(admin.post(`${base(path)}/api/v1/namespaces`, { metadata: { name: 'long' } }));
  const url = `${base(path)}/api/v1/namespaces/long/configmaps`;
  const data = { x: 'x'.repeat(300_000) };
  for (let i = 0; i < 8; i++) await done(admin.post(url, configMap(`large-${i}`, { data })));
  const list = levelled((await done(admin.get(url)))['items']);
  expect(levelled(read(await admin.get(url, alone))['items'])).toEqual(list);
  const first = read(await admin.get(`${url}?limit=5`, alone));
  const token = encodeURIComponent(String(field(first, 'metadata.continue')));
  const rest = read(await admin.get(`${url}?limit=5&continue=${token}`, alone));
  expect(levelled([...(first['items'] as object[]), ...(rest['items'] as object[])])).toEqual(list);
  const metadata = read(await admin.get(url, metadataListAlone));
  expect(metadata['kind']).toBe('PartialObjectMetadataList');
  expect((metadata['items'] as object[]).map((item) => field(item, 'metadata.name'))).toHaveLength(9);
  const deleted = read(await admin.request('DELETE', `${url}?labelSelector=none`, undefined, alone));
  expect([deleted['kind'], deleted['items']]).toEqual(['ConfigMapList', []]);
});

it('what is written is answered in protobuf, and so are refusals, reviews and tokens', async () => {
  const send = async (method: string, url: string, body?: unknown, type = 'application/json') => {
    const answer = await admin.request(method, url, body, { ...alone, 'content-type': type });
    return { status: answer.status, body: read(answer) };
  };
  const made = await send('POST', configMapsOf(path), configMap('written', { data: { a: '1' } }));
  expect(made).toMatchObject({ status: 201, body: { kind: 'ConfigMap', data: { a: '1' } } });
  const updated = await send('PUT', `${configMapsOf(path)}/written`, { ...made.body, data: { a: '2' } });
  expect(updated).toMatchObject({ status: 200, body: { data: { a: '2' } } });
  const merge = 'application/merge-patch+json';
  const patched = await send('PATCH', `${configMapsOf(path)}/written`, { data: { a: '3' } }, merge);
  expect(patched).toMatchObject({ status: 200, body: { data: { a: '3' } } });
  const old = await send('PUT', `${configMapsOf(path)}/written`, made.body);
  expect(old).toMatchObject({
    status: 409,
    body: { kind: 'Status', status: 'Failure', reason: 'Conflict', code: 409 },
  });
  const invalid = await send('POST', configMapsOf(path), configMap('A_B'));
  const causes = [{ reason: 'FieldValueInvalid', field: 'metadata.name' }];
  expect(invalid).toMatchObject({ status: 422, body: { reason: 'Invalid', details: { name: 'A_B', causes } } });
  const deleted = await send('DELETE', `${configMapsOf(path)}/written`);
  expect(deleted).toMatchObject({ status: 200, body: { status: 'Success', details: { name: 'written' } } });
  expect(await send('GET', `${configMapsOf(path)}/written`)).toMatchObject({ status: 404, body: { code: 404 } });
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
  const spec = { resourceAttributes: { verb: 'get', resource: 'configmaps' } };
  const access = await send('POST', `${base(path)}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
    ...review,
    spec,
  });
  expect(access).toMatchObject({ status: 201, body: { ...review, spec, status: { allowed: true } } });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const accounts = `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
  const token = await send('POST', `${accounts}/default/token`, request);
  expect(token).toMatchObject({ status: 201, body: { status: { token: expect.stringContaining('.') } } });
});

it('a watch sends the same events as in JSON, each behind its length', async () => {
  const url = `${configMapsOf(path)}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dwatched`;
  const from = String(
    field(await done(admin.post(configMapsOf(path), configMap('first'))), 'metadata.resourceVersion'),
  );
  await done(admin.post(configMapsOf(path), configMap('watched', { data: { a: '1' } })));
  await done(admin.patch(`${configMapsOf(path)}/watched`, { data: { a: '2' } }));
  await done(admin.delete(`${configMapsOf(path)}/watched`));
  const more = [
    url,
    url.replace(/&fieldSelector.*/, ''),
    `${url}&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  ];
  for (const each of more) {
    const since = each.includes('sendInitialEvents') ? each : `${each}&resourceVersion=${from}`;
    const [plain, answer] = await Promise.all([admin.get(since), admin.get(since, alone)]);
    expect(answer.headers['content-type']).toBe(`${protobufType};stream=watch`);
    const lines = plain.text.split('\n').filter((line) => line !== '');
    const events = decodeWatch(Buffer.from(answer.bytes));
    expect(levelled(events)).toEqual(levelled(lines.map((line) => JSON.parse(line) as unknown)));
    expect(events.length).toBeGreaterThan(0);
  }
  const metadata = await admin.get(`${url}&resourceVersion=${from}`, metadataAlone);
  expect(decodeWatch(Buffer.from(metadata.bytes)).map(({ type, object }) => [type, object.kind])).toEqual(
    ['ADDED', 'MODIFIED', 'DELETED'].map((type) => [type, 'PartialObjectMetadata']),
  );
});

it('custom resources have no such form, but their metadata has', async () => {
  await define(admin, path, 'gadgets', { scope: 'Cluster', schema: anySchema });
  const url = `${base(path)}/apis/wild.west/v1alpha1/gadgets`;
  const one = custom('Gadget', 'one');
  const text =
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf';
  for (const [method, at] of [
    ['GET', url],
    ['GET', `${url}/one`],
    ['GET', `${url}?watch=1`],
    ['POST', url],
    ['DELETE', url],
    ['GET', `${base(path)}/apis/tenancy.kcp.io/v1alpha1/workspaces`],
  ] as const) {
    const refused = await admin.request(method, at, method === 'POST' ? one : undefined, alone);
    expect(refused.status, at).toBe(406);
    expect(read(refused)).toMatchObject({ kind: 'Status', reason: 'NotAcceptable', message: text });
  }
  expect((await admin.get(`${url}/one`)).status).toBe(404);
  const made = await done(admin.post(url, one));
  const metadata = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: made.metadata };
  expect(read(await admin.get(`${url}/one`, metadataAlone))).toEqual(metadata);
});

it('a client that takes JSON too gets JSON, and a Table has no other form', async () => {
  for (const accept of [
    `${protobufType}, application/json`,
    `${protobufType}, */*`,
    `${protobufType};q=1, application/json;q=0.1`,
  ]) {
    const answer = await admin.get(configMapsOf(path), { accept });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
  }
  const table = await admin.get(configMapsOf(path), { accept: `${protobufType};as=Table;g=meta.k8s.io;v=v1` });
  expect(table.status).toBe(406);
});

it('a virtual workspace serves no protobuf, over one cluster or over all', async () => {
  const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  const provider = await makeWorkspace(admin, 'root', 'protobuf-provider');
  const consumer = await makeWorkspace(admin, 'root', 'protobuf-consumer');
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  for (const cluster of ['*', consumer.cluster]) {
    for (const query of ['', '?watch=1']) {
      const answer = await admin.get(`${virtual}/clusters/${cluster}/api/v1/configmaps${query}`, alone);
      expect(answer.status, `${cluster}${query} ${answer.text}`).toBe(406);
    }
  }
});
