/**
 * Certificates that are renewed and keys that are rotated while a shard runs: it takes them without
 * a restart, and clients that are connected stay.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TestAuthority, TestCertificate } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiClient } from '../harness/api-client.ts';
import { configMap, configMapsOf, done, field } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

/** Files are looked at each ten seconds. */
const soon = { timeout: 30_000, interval: 250 };

let folder: string;
let server: TestServer;
let serving: TestAuthority;
let clients: TestAuthority;
const path = (name: string) => join(folder, name);

async function writePair(name: string, { certificate, privateKey }: TestCertificate): Promise<void> {
  await writeFile(path(`${name}.crt`), certificate);
  await writeFile(path(`${name}.key`), privateKey);
}

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { pem, publicPem: createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString() };
}

/** What a new connection is shown. */
function shownCertificate(): Promise<string> {
  const { port } = new URL(server.url);
  return new Promise((shown, failed) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
      shown(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', failed);
  });
}

const former = newKey();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-renewal-'));
  serving = await createTestAuthority('serving');
  clients = await createTestAuthority('clients');
  await writePair('serving', await serving.issue('CN=first'));
  await writeFile(path('clients.pem'), clients.certificate);
  await writeFile(path('sign.key'), former.pem);
  await writeFile(path('verify.pem'), former.publicPem);
  server = await startServer({
    folder: path('root'),
    flags: [
      ...['--tls-cert-file', path('serving.crt'), '--tls-private-key-file', path('serving.key')],
      ...['--client-ca-file', path('clients.pem')],
      ...['--service-account-key-file', path('verify.pem'), '--service-account-private-key-file', path('sign.key')],
    ],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/**
 * An administrator on a connection of its own, who trusts the authority that signs what is served.
 */
const connected = (credentials: { readonly cert?: string; readonly key?: string }) =>
  createApiClient({
    url: server.url,
    ca: serving.certificate,
    ...(credentials.cert === undefined ? { token: server.adminToken } : credentials),
  });

describe('a shard that runs', () => {
  it('shows a renewed certificate to new connections, and ends none', { timeout: 60_000 }, async () => {
    await using open = connected({});
    await done(open.post(configMapsOf('root'), configMap('before')));
    const before = await shownCertificate();
    const stop = new AbortController();
    const events = open.watch(`${configMapsOf('root')}?watch=1`, stop.signal)[Symbol.asyncIterator]();
    // Half of a pair is not taken: the other half may come a moment later.
    const renewed = await serving.issue('CN=second');
    await writeFile(path('serving.crt'), renewed.certificate);
    await writeFile(path('serving.key'), renewed.privateKey);
    await expect.poll(shownCertificate, soon).not.toBe(before);
    await using later = connected({});
    await done(later.post(configMapsOf('root'), configMap('after')));
    const seen: unknown[] = [];
    while (!seen.includes('after')) seen.push(field((await events.next()).value, 'object.metadata.name'));
    stop.abort();
  });

  it('believes the client certificates of a new authority', { timeout: 60_000 }, async () => {
    const next = await createTestAuthority('next-clients');
    const { certificate: cert, privateKey: key } = await next.issue('CN=ann, O=system:masters');
    const status = async () => {
      await using ann = connected({ cert, key });
      return (await ann.get(configMapsOf('root'))).status;
    };
    // Nobody has vouched for her yet.
    expect(await status()).toBe(401);
    await writeFile(path('clients.pem'), `${clients.certificate}\n${next.certificate}`);
    await expect.poll(status, soon).toBe(200);
  });

  it('rotates the key of service accounts without losing a token', { timeout: 90_000 }, async () => {
    await using admin = connected({});
    const accounts = '/clusters/root/api/v1/namespaces/default/serviceaccounts';
    await done(admin.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } }));
    const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const issue = async () =>
      String(field(await done(admin.post(`${accounts}/robot/token`, tokenRequest)), 'status.token'));
    const keyOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    const isKnown = async (token: string) => {
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const answer = await done(admin.post('/clusters/root/apis/authentication.k8s.io/v1/tokenreviews', review));
      return field(answer, 'status.authenticated') === true;
    };
    const old = await issue();
    const next = newKey();
    // First everybody believes the new key, then it signs, then nobody needs the former one.
    await writeFile(path('verify.pem'), `${former.publicPem}${next.publicPem}`);
    const keys = async () =>
      ((await admin.get('/clusters/root/openid/v1/jwks')).body as unknown as { keys: unknown[] }).keys.length;
    await expect.poll(keys, soon).toBe(2);
    await writeFile(path('sign.key'), next.pem);
    await expect.poll(async () => keyOf(await issue()), soon).not.toBe(keyOf(old));
    const fresh = await issue();
    expect([await isKnown(old), await isKnown(fresh)]).toEqual([true, true]);
    await writeFile(path('verify.pem'), next.publicPem);
    await expect.poll(() => isKnown(old), soon).toBe(false);
    expect(await isKnown(fresh)).toBe(true);
  });
});
