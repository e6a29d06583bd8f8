/**
 * What Kubernetes' clients ask beside the objects: compressed answers, public documents, versions
 * from nowhere.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  accepted,
  base,
  bind,
  configMap,
  configMapsOf,
  done,
  field,
  makeWorkspace,
  names,
  provide,
  virtualWorkspace,
} from '../harness/objects.ts';
import { protobufBody, protobufType } from '../harness/protobuf.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;
let path: string;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  path = (await makeWorkspace(admin, 'root', 'clients')).path;
});

afterAll(() => server[Symbol.asyncDispose]());

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

async function raw(url: string, headers: Readonly<Record<string, string>>): Promise<RawAnswer> {
  const session = connect(server.url, { ca: server.ca });
  const stream = session.request({ ':path': url, authorization: `Bearer ${server.adminToken}`, ...headers });
  const answer = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
  });
  const chunks: Buffer[] = [];
  const received = await answer;
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  return { status: Number(received[':status']), headers: received, bytes: Buffer.concat(chunks) };
}

const gzip = { 'accept-encoding': 'gzip' };

it('a large answer is compressed for a client that takes that, and means the same', async () => {
  const large = configMap('large', { data: { a: 'x'.repeat(200_000) } });
  await done(admin.post(configMapsOf(path), large));
  // Longer than what is answered in one piece.
  for (let i = 0; i < 8; i++) await done(admin.post(configMapsOf(path), { ...large, metadata: { name: `more-${i}` } }));
  for (const url of [`${configMapsOf(path)}/large`, configMapsOf(path), `${base(path)}/openapi/v2`]) {
    const plain = await raw(url, {});
    const packed = await raw(url, gzip);
    expect([plain.status, plain.headers['content-encoding']]).toEqual([200, undefined]);
    expect([packed.status, packed.headers['content-encoding']], url).toEqual([200, 'gzip']);
    expect(packed.bytes.byteLength).toBeLessThan(plain.bytes.byteLength / 2);
    expect(JSON.parse(gunzipSync(packed.bytes).toString())).toEqual(JSON.parse(plain.bytes.toString()));
  }
  for (const url of [`${configMapsOf(path)}?limit=1&fieldSelector=metadata.name%3Dnone`, `${base(path)}/version`])
    expect((await raw(url, gzip)).headers['content-encoding']).toBeUndefined();
  expect(
    (await raw(configMapsOf(path), { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
  ).toBeUndefined();
});

it('the version has its path with a slash at the end too', async () => {
  const said = (await server.shardAdmin.get('/version')).body;
  expect(field(said, 'gitVersion')).toBeTypeOf('string');
  expect((await server.shardAdmin.get('/version/')).body).toEqual(said);
  expect((await admin.get(`${base(path)}/version/`)).body).toEqual(said);
});

it('tokens of service accounts are verified by what the server publishes', async () => {
  const configuration = await done(admin.get(`${base(path)}/.well-known/openid-configuration`));
  const url = String(field(configuration, 'jwks_uri'));
  const keys = await server.shardAdmin.get(new URL(url).pathname);
  expect(keys.headers['content-type']).toBe('application/jwk-set+json');
  expect(keys.headers['cache-control']).toBe('public, max-age=3600');
  expect(JSON.stringify(keys.body)).not.toContain('"d":');
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const account = `${base(path)}/api/v1/namespaces/default/serviceaccounts/default`;
  const token = String(field((await admin.post(`${account}/token`, request)).body, 'status.token'));
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.body as never), {
    issuer: String(field(configuration, 'issuer')),
  });
  expect(payload.sub).toBe('system:serviceaccount:default:default');
  // Accounts may read them where they are at home, others may not.
  await using robot = server.client({ token });
  for (const document of ['/.well-known/openid-configuration', '/openid/v1/jwks'])
    expect((await robot.get(document)).status).toBe(200);
  await using nobody = server.client({});
  expect((await nobody.get('/openid/v1/jwks')).status).toBe(403);
});

it('nobody goes on from a version that there never was', async () => {
  const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  const [provider, consumer] = [
    await makeWorkspace(admin, 'root', 'versions-provider'),
    await makeWorkspace(admin, 'root', 'versions-consumer'),
  ];
  const before = String(field((await admin.get(configMapsOf(path))).body, 'metadata.resourceVersion'));
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const urls = [
    configMapsOf(path),
    `${virtual}/clusters/*/api/v1/configmaps`,
    `${virtual}/clusters/${consumer.cluster}/api/v1/configmaps`,
  ];
  for (const url of urls) {
    for (const version of ['1', '2', '1000']) {
      const watch = await admin.get(`${url}?watch=1&resourceVersion=${version}&timeoutSeconds=1`);
      expect([watch.status, field(watch.body, 'reason')], `${url} ${version}`).toEqual([410, 'Expired']);
      const exact = await admin.get(`${url}?resourceVersion=${version}&resourceVersionMatch=Exact`);
      expect([exact.status, field(exact.body, 'reason')], `${url} ${version}`).toEqual([410, 'Expired']);
      // Any state is newer.
      expect((await admin.get(`${url}?resourceVersion=${version}`)).status).toBe(200);
    }
    expect(names((await admin.get(`${url}?resourceVersion=0`)).body)).toContain('kube-root-ca.crt');
  }
  const late = await makeWorkspace(admin, 'root', 'late');
  const former = await admin.get(`${configMapsOf(late.path)}?watch=1&resourceVersion=${before}&timeoutSeconds=1`);
  expect(former.status).toBe(410);
});

it('lists that take any state are counted by resource', async () => {
  const counted = async () => {
    const { text } = await server.shardAdmin.get('/metrics');
    return Number(/^apiserver_cache_list_total\{group="",resource="limitranges"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const before = await counted();
  const url = '/clusters/root/api/v1/namespaces/default/limitranges';
  for (const query of [
    '',
    '?resourceVersion=0',
    '?resourceVersion=0&limit=5',
    '?watch=1&resourceVersion=0&timeoutSeconds=1',
  ])
    expect((await server.shardAdmin.get(`${url}${query}`)).status).toBe(200);
  expect((await counted()) - before).toBe(2);
});

it('client certificates are signed with an RSA key, as what mints them in tests of kcp expects', async () => {
  const pem = await readFile(join(server.folder, 'client-ca.crt'), 'utf8');
  expect(new X509Certificate(pem).publicKey.asymmetricKeyType).toBe('rsa');
});

it("a body in protobuf is read for each of Kubernetes' kinds that is served", async () => {
  const kinds: string[] = [];
  const { groups } = (await admin.get(`${base(path)}/apis`)).body as unknown as {
    groups: { name: string; preferredVersion: { groupVersion: string } }[];
  };
  const versions = groups
    .filter(({ name }) => !name.endsWith('kcp.io') && !name.endsWith('kcp.dev'))
    .map(({ preferredVersion }) => preferredVersion.groupVersion);
  for (const version of ['v1', ...versions]) {
    const root = `${base(path)}/${version === 'v1' ? 'api' : 'apis'}/${version}`;
    const { resources } = (await admin.get(root)).body as unknown as {
      resources: {
        name: string;
        kind: string;
        group?: string;
        version?: string;
        namespaced: boolean;
        verbs: string[];
      }[];
    };
    for (const { name, kind, group, version: own, namespaced, verbs } of resources) {
      if (!verbs.includes('create')) continue;
      const [resource, subresource] = name.split('/');
      const item = subresource === undefined ? resource : `${resource}/default/${subresource}`;
      const apiVersion = own === undefined ? version : `${group === undefined ? '' : `${group}/`}${own}`;
      const url = `${root}/${namespaced ? 'namespaces/default/' : ''}${item}`;
      const answer = await admin.request('POST', url, protobufBody(apiVersion, kind), {
        'content-type': protobufType,
      });
      expect(answer.status, `${url} ${kind}: ${answer.text}`).not.toBe(415);
      expect(answer.status, `${url} ${kind}: ${answer.text}`).toBeLessThan(500);
      kinds.push(kind);
    }
  }
  expect(kinds).toEqual(
    expect.arrayContaining(['CustomResourceDefinition', 'Event', 'MutatingWebhookConfiguration', 'TokenRequest']),
  );
});
