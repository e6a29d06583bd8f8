import { sign, X509Certificate } from 'node:crypto';
import type { UserInfo } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createLive, namesInCertificate } from '@kcp-ts/base';
import type { Peer } from '@kcp-ts/http';
import type { TestAuthority, TestCertificate } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  assertionHeader,
  createAssertionSigner,
  createAssertionVerifier,
  createServicePeers,
  withAssertions,
} from './assertion.ts';
import { createAuthenticator } from './authenticator.ts';
import { hashToken } from './token-table.ts';

const audience = 'kcp';
const proxyName = 'system:kcp:service:front-proxy:a';
const ann: UserInfo = { name: 'ann', uid: '1', groups: ['team', 'system:authenticated'], extra: { a: ['b'] } };

let peers: TestAuthority;
let proxy: TestCertificate;
let other: TestCertificate;
beforeAll(async () => {
  peers = await createTestAuthority('peers');
  proxy = await peers.issue(`CN=${proxyName}, O=system:kcp:services`);
  other = await peers.issue('CN=system:kcp:service:front-proxy:b, O=system:kcp:services');
});

function createTestClock(): Clock & { time: number } {
  const start = Date.now();
  const clock = {
    time: start,
    now: () => clock.time,
    monotonic: () => clock.time - start,
    setTimer: () => ({ [Symbol.dispose]: () => undefined }),
  };
  return clock;
}

/** A connection that shows this certificate. */
function peerOf({ certificate }: TestCertificate, authorized = true): Peer {
  const parsed = new X509Certificate(certificate);
  return {
    address: '127.0.0.1',
    port: 1,
    authorized,
    certificate: {
      ...namesInCertificate(parsed),
      raw: parsed.raw,
      validFromMs: parsed.validFromDate.getTime(),
      validToMs: parsed.validToDate.getTime(),
    },
  };
}

const ownOf = ({ certificate, privateKey }: TestCertificate) => ({ cert: certificate, key: privateKey });

function signerOf(clock: Clock, options: { passGroups?: string[]; dropGroups?: string[] } = {}) {
  return createAssertionSigner({ identity: ownOf(proxy), clock, ...options });
}

/** Signs anything at all, as a service could that has been taken over. */
function forge(claims: unknown, { privateKey }: TestCertificate = proxy): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = sign('sha256', Buffer.from(payload), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${payload}.${signature.toString('base64url')}`;
}

describe('an assertion', () => {
  it('is signed by nobody whose certificate is of no kind of service', async () => {
    const nobody = await peers.issue('CN=system:kcp:service:nobody:a, O=system:kcp:services');
    expect(() => createAssertionSigner({ identity: ownOf(nobody), clock: createTestClock() })).toThrow(
      'names no service',
    );
  });

  it('is signed with the renewed key, which is good on connections with the renewed certificate alone', async () => {
    const clock = createTestClock();
    const renewed = await peers.issue(`CN=${proxyName}, O=system:kcp:services`);
    const identity = createLive(ownOf(proxy));
    const signer = createAssertionSigner({ identity, clock });
    const before = signer.sign(ann, audience);
    identity.replace(ownOf(renewed));
    const after = signer.sign(ann, audience);
    const verifier = createAssertionVerifier({ audience, clock });
    const users = (text: string) => [verifier.verify(text, peerOf(proxy)), verifier.verify(text, peerOf(renewed))];
    expect(users(before)).toEqual([ann, undefined]);
    expect(users(after)).toEqual([undefined, ann]);
  });

  it('is good from a certificate that names a kind alone, by subject or by URI', async () => {
    const clock = createTestClock();
    const shared = await peers.issue('CN=system:kcp:service:front-proxy, O=system:kcp:services');
    const text = createAssertionSigner({ identity: ownOf(shared), clock }).sign(ann, audience);
    expect(createAssertionVerifier({ audience, clock }).verify(text, peerOf(shared))).toEqual(ann);
    const byUri = await peers.issue('CN=proxies', { uris: ['spiffe://kcp.example/kcp/service/front-proxy'] });
    const said = createAssertionSigner({ identity: ownOf(byUri), clock }).sign(ann, audience);
    expect(createAssertionVerifier({ audience, clock }).verify(said, peerOf(byUri))).toEqual(ann);
    const shard = await peers.issue('CN=shards', { uris: ['spiffe://kcp.example/kcp/service/shard'] });
    const forged = createAssertionSigner({ identity: ownOf(shard), clock }).sign(ann, audience);
    expect(createAssertionVerifier({ audience, clock }).verify(forged, peerOf(shard))).toBeUndefined();
  });

  it.each(['shard', 'cache-server'])('a service of the kind %s says for nobody who asks', async (kind) => {
    const clock = createTestClock();
    const name = `system:kcp:service:${kind}:a`;
    const service = await peers.issue(`CN=${name}, O=system:kcp:services`);
    const text = createAssertionSigner({ identity: ownOf(service), clock }).sign(ann, audience);
    expect(createAssertionVerifier({ audience, clock }).verify(text, peerOf(service))).toBeUndefined();
    expect(
      createAssertionVerifier({ audience, clock }).verify(signerOf(clock).sign(ann, audience), peerOf(proxy)),
    ).toEqual(ann);
  });

  it('says who the user is, to its audience and on the connection of its issuer', () => {
    const clock = createTestClock();
    const text = signerOf(clock).sign(ann, audience);
    const verifier = createAssertionVerifier({ audience, clock });
    expect(verifier.verify(text, peerOf(proxy))).toEqual(ann);
    expect(verifier.verify(text, peerOf(other))).toBeUndefined();
    expect(createAssertionVerifier({ audience: 'else', clock }).verify(text, peerOf(proxy))).toBeUndefined();
    expect(verifier.verify(text, { address: '', port: 0, authorized: false })).toBeUndefined();
  });

  it('is good for two minutes, remembered or not', () => {
    const clock = createTestClock();
    const text = signerOf(clock).sign(ann, audience);
    const verifier = createAssertionVerifier({ audience, clock });
    const peer = peerOf(proxy);
    clock.time += 119_000;
    expect(verifier.verify(text, peer)).toEqual(ann);
    clock.time += 2_000;
    expect(verifier.verify(text, peer)).toBeUndefined();
    expect(createAssertionVerifier({ audience, clock }).verify(text, peer)).toBeUndefined();
    clock.time -= 200_000;
    expect(verifier.verify(text, peer)).toBeUndefined();
  });

  it('is verified once on each connection', () => {
    const clock = createTestClock();
    const signer = signerOf(clock);
    const verifier = createAssertionVerifier({ audience, clock });
    let looked = 0;
    const connect = (): Peer => {
      const { certificate, ...peer } = peerOf(proxy);
      if (certificate === undefined) throw new Error('it shows one');
      const { raw, ...shown } = certificate;
      // Verification needs the certificate's key.
      const counted = Object.defineProperty(shown, 'raw', {
        get() {
          looked++;
          return raw;
        },
      }) as typeof certificate;
      return { ...peer, certificate: counted };
    };
    const peer = connect();
    for (let request = 0; request < 3; request++)
      expect(verifier.verify(signer.sign(ann, audience), peer)).toEqual(ann);
    expect(looked).toBe(1);
    expect(verifier.verify(signer.sign(ann, audience), connect())).toEqual(ann);
    expect(looked).toBe(2);
  });

  it('is signed once for a user, audience and minute', () => {
    const clock = createTestClock();
    clock.time = Math.floor(clock.time / 60_000) * 60_000;
    const signer = signerOf(clock);
    const first = signer.sign(ann, audience);
    expect(signer.sign({ ...ann }, audience)).toBe(first);
    expect(signer.sign({ ...ann, groups: ['team'] }, audience)).not.toBe(first);
    expect(signer.sign(ann, 'else')).not.toBe(first);
    clock.time += 60_000;
    expect(signer.sign(ann, audience)).not.toBe(first);
  });

  it('never carries groups that no service passes on, nor those that the flags hold back', () => {
    const clock = createTestClock();
    const groups = ['system:masters', 'system:kcp:logical-cluster-admin', 'system:kcp:initializer:a', 'a1', 'a2', 'b'];
    const verify = (text: string) => createAssertionVerifier({ audience, clock }).verify(text, peerOf(proxy))?.groups;
    expect(verify(signerOf(clock).sign({ name: 'x', groups }, audience))).toEqual(['a1', 'a2', 'b']);
    const signer = signerOf(clock, { passGroups: ['a*', 'system:*'], dropGroups: ['a2'] });
    expect(verify(signer.sign({ name: 'x', groups }, audience))).toEqual(['a1']);
  });

  it.each([
    ['a group that may not cross', { user: { name: 'x', groups: ['system:masters'] } }],
    ['another issuer', { iss: 'system:kcp:service:front-proxy:b' }],
    ['a long life', { exp: Date.now() + 86_400_000 }],
    ['no user', { user: undefined }],
    ['groups that are none', { user: { name: 'x', groups: 'system:masters' } }],
    ['extras that are none', { user: { name: 'x', groups: [], extra: { a: 'b' } } }],
    ['no end', { exp: undefined }],
  ])('with %s is worth nothing, though it is signed well', (_what, changes) => {
    const clock = createTestClock();
    const claims = { iss: proxyName, aud: audience, nbf: clock.time - 1, exp: clock.time + 1000, user: ann };
    const verifier = createAssertionVerifier({ audience, clock });
    expect(verifier.verify(forge(claims), peerOf(proxy))).toEqual(ann);
    expect(verifier.verify(forge({ ...claims, ...changes }), peerOf(proxy))).toBeUndefined();
  });

  it('is worth nothing when any of it was changed', () => {
    const clock = createTestClock();
    const text = signerOf(clock).sign(ann, audience);
    const verifier = createAssertionVerifier({ audience, clock });
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(verifier.verify(changed, peerOf(proxy))).toBeUndefined();
    }
    for (const bad of ['', '.', 'a.b', text.slice(0, -10), `${text}.`, text.replace('.', '..')])
      expect(verifier.verify(bad, peerOf(proxy))).toBeUndefined();
  });
});

describe('createServicePeers', () => {
  it('counts as services only certificates of the peer authority with the name and organization of one', async () => {
    const clients = await createTestAuthority('clients');
    const isService = createServicePeers({ peerCa: { ca: peers.certificate } });
    const subject = `CN=${proxyName}, O=system:kcp:services`;
    expect(isService(peerOf(proxy))).toBe(true);
    expect(isService(peerOf(proxy, false))).toBe(false);
    expect(isService(peerOf(await clients.issue(subject)))).toBe(false);
    expect(isService(peerOf(await peers.issue(`CN=${proxyName}, O=team`)))).toBe(false);
    expect(isService(peerOf(await peers.issue('CN=ann, O=system:kcp:services')))).toBe(false);
  });

  it('believes the authorities that there are now, also on connections that it knows', async () => {
    const next = await createTestAuthority('next-peers');
    const authorities = createLive({ ca: peers.certificate });
    const isService = createServicePeers({ peerCa: authorities });
    const connections = [peerOf(proxy), peerOf(await next.issue(`CN=${proxyName}, O=system:kcp:services`))];
    const now = () => connections.map(isService);
    expect(now()).toEqual([true, false]);
    authorities.replace({ ca: `${peers.certificate}\n${next.certificate}` });
    expect(now()).toEqual([true, true]);
    authorities.replace({ ca: next.certificate });
    expect(now()).toEqual([false, true]);
  });
});

describe('withAssertions', () => {
  it('takes the asserted user on a service connection, else its bearer token, else nobody; never the certificate', async () => {
    const clock = createTestClock();
    const adminTokens = [{ sha256: hashToken('secret'), user: { name: 'kcp-admin', groups: [] } }];
    const authenticator = withAssertions(createAuthenticator({ clock, anonymous: true, adminTokens }), {
      isService: createServicePeers({ peerCa: { ca: peers.certificate } }),
      verifier: createAssertionVerifier({ audience, clock }),
    });
    const nameOf = async (headers: Record<string, string | string[]>, peer: Peer) =>
      (await authenticator.authenticate({ headers, peer })).name;
    const text = signerOf(clock).sign(ann, audience);
    const authorization = 'Bearer secret';
    const service = peerOf(proxy);
    expect(await nameOf({ [assertionHeader]: text, authorization }, service)).toBe('ann');
    expect(await nameOf({ authorization }, service)).toBe('kcp-admin');
    expect(await nameOf({}, service)).toBe('system:anonymous');
    await expect(nameOf({ [assertionHeader]: 'forged', authorization }, service)).rejects.toThrow('Unauthorized');
    await expect(nameOf({ [assertionHeader]: [text, text] }, service)).rejects.toThrow('Unauthorized');

    const user = peerOf(await peers.issue('CN=bob'));
    expect(await nameOf({ [assertionHeader]: text }, user)).toBe('bob');
    expect(await nameOf({ [assertionHeader]: text }, { address: '', port: 0, authorized: false })).toBe(
      'system:anonymous',
    );
  });
});
