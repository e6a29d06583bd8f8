import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { createSystemRandom } from '@kcp-ts/base';
import type { Peer } from '@kcp-ts/http';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthenticatorOptions } from './authenticator.ts';
import { createAuthenticator } from './authenticator.ts';
import { parseServiceAccountKeys } from './service-account-keys.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { openTokenFile, parseTokenFile } from './token-file.ts';
import { hashToken } from './token-table.ts';

/** A clock that stands still until it is advanced; `tick` runs the timers that are due. */
function createTestClock() {
  let time = Date.UTC(2026, 10, 21);
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    now: () => time,
    monotonic: () => time,
    setTimer(milliseconds, run) {
      const timer = { at: time + milliseconds, run };
      timers.add(timer);
      return { [Symbol.dispose]: () => timers.delete(timer) };
    },
  };
  const tick = (milliseconds: number) => {
    time += milliseconds;
    for (const timer of [...timers].filter(({ at }) => at <= time)) {
      timers.delete(timer);
      timer.run();
    }
  };
  return { clock, tick, timerCount: () => timers.size };
}

const stranger: Peer = { address: '127.0.0.1', port: 1, authorized: false };
const { clock, tick } = createTestClock();
const pemOf = (type: 'ec' | 'rsa') =>
  (type === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  ).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
const admin = {
  sha256: hashToken('admin-secret'),
  user: { name: 'kcp-admin', groups: ['system:kcp:admin', 'system:authenticated'] },
};

function authenticatorWith(options: Partial<AuthenticatorOptions> = {}) {
  const authenticator = createAuthenticator({ clock, anonymous: true, adminTokens: [admin], ...options });
  const as = async (authorization?: string, peer = stranger) =>
    authenticator.authenticate({ headers: { authorization }, peer });
  return { ...authenticator, as };
}

function peerWith(
  commonName: string,
  organizations: string[],
  change: { authorized?: boolean; validToMs?: number } = {},
): Peer {
  const { authorized = true, validToMs = clock.now() + 1000 } = change;
  const certificate = {
    commonName,
    organizations,
    uris: [],
    raw: new Uint8Array([1]),
    validFromMs: clock.now() - 1000,
    validToMs,
  };
  return { ...stranger, authorized, certificate };
}

describe('authenticate', () => {
  it('takes who brings nothing for anonymous, or refuses where that is off', async () => {
    const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    expect(await authenticatorWith().as()).toEqual(anonymous);
    expect(await authenticatorWith().as('Basic YTpi')).toEqual(anonymous);
    await expect(authenticatorWith({ anonymous: false }).as()).rejects.toMatchObject({
      code: 401,
      message: 'Unauthorized',
    });
  });

  it('refuses a wrong token, with anonymous access as well', async () => {
    await expect(authenticatorWith().as('Bearer wrong')).rejects.toMatchObject({
      code: 401,
      message: 'Unauthorized',
      details: undefined,
    });
  });

  it('knows an administrator by the hash of the token, and answers the second time at once', async () => {
    const authenticator = authenticatorWith();
    expect(await authenticator.as('bearer admin-secret')).toBe(admin.user);
    expect(authenticator.authenticate({ headers: { authorization: 'bearer admin-secret' }, peer: stranger })).toBe(
      admin.user,
    );
  });

  it('never reads an identity header', async () => {
    const headers = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters', 'impersonate-user': 'root' };
    expect(await authenticatorWith().authenticate({ headers, peer: stranger })).toMatchObject({
      name: 'system:anonymous',
    });
  });

  it('takes the common name of a certificate for the user and the organizations for groups, before any token', async () => {
    const user = await authenticatorWith().as('Bearer admin-secret', peerWith('ann', ['team']));
    expect(user).toMatchObject({ name: 'ann', groups: ['team', 'system:authenticated'] });
  });

  it('gives nothing for a foreign or expired certificate, but takes the token beside it', async () => {
    const expiring = peerWith('ann', [], { validToMs: clock.now() + 10 });
    const authenticator = authenticatorWith();
    expect(await authenticator.as(undefined, expiring)).toMatchObject({ name: 'ann' });
    tick(20);
    for (const peer of [expiring, peerWith('ann', [], { authorized: false })]) {
      await expect(authenticator.as(undefined, peer)).rejects.toMatchObject({ code: 401 });
      expect(await authenticator.as('Bearer admin-secret', peer)).toBe(admin.user);
    }
  });
});

describe.each(['ec', 'rsa'] as const)('a service account token signed with an %s key', (type) => {
  const account = { cluster: 'c1', namespace: 'default', name: 'robot', uid: 'u1' };
  const privateKey = pemOf(type);
  const keys = parseServiceAccountKeys(privateKey);
  const gone = new Set<string>();
  const held = new Map<string, string>();
  const options = {
    keys: () => keys,
    clock,
    random: createSystemRandom(),
    validate: ({ uid }: { uid: string }) => !gone.has(uid),
    holdsToken: (_account: unknown, secret: string, token: string) => held.get(secret) === token,
  };
  const tokens = createServiceAccountTokens(options);
  const authenticator = authenticatorWith({ serviceAccounts: tokens });
  const { as } = authenticator;

  it('says who it is, of which cluster, and until when', async () => {
    const { token, audiences, expiresMs } = await tokens.issue(account, { expirationSeconds: 600 });
    expect([audiences, expiresMs]).toEqual([
      ['https://kcp.default.svc'],
      Math.floor(clock.now() / 1000) * 1000 + 600_000,
    ]);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'kubernetes.io', 'nbf', 'sub']);
    expect(await as(`Bearer ${token}`)).toEqual({
      name: 'system:serviceaccount:default:robot',
      uid: 'u1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: {
        'authentication.kcp.io/cluster-name': ['c1'],
        'authentication.kcp.io/scopes': ['cluster:c1'],
        'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      },
    });
  });

  it('is not good past its end, not even when it is remembered', async () => {
    const { token } = await tokens.issue(account, { expirationSeconds: 5 });
    await as(`Bearer ${token}`);
    tick(6000);
    await expect(as(`Bearer ${token}`)).rejects.toMatchObject({ code: 401 });
  });

  it('is not good soon after its account was deleted', async () => {
    const { token } = await tokens.issue({ ...account, uid: 'u2' }, { expirationSeconds: 600 });
    await as(`Bearer ${token}`);
    gone.add('u2');
    tick(10_001);
    await expect(as(`Bearer ${token}`)).rejects.toMatchObject({ code: 401 });
  });

  it('of a Secret is good without end, while the Secret holds it', async () => {
    const token = await tokens.issueForSecret({ ...account, uid: 'u3' }, 'robot-token');
    const header = `Bearer ${token}`;
    await expect(as(header)).rejects.toMatchObject({ code: 401 });
    held.set('robot-token', token);
    expect(await as(header)).toMatchObject({
      name: 'system:serviceaccount:default:robot',
      uid: 'u3',
      extra: { 'authentication.kcp.io/scopes': ['cluster:c1'] },
    });
    expect(await authenticator.authenticateToken(token)).toMatchObject({ audiences: ['https://kcp.default.svc'] });
    expect(await authenticator.authenticateToken(token, ['vault'])).toBeUndefined();
    held.set('robot-token', 'another');
    tick(10_001);
    await expect(as(header)).rejects.toMatchObject({ code: 401 });
    held.set('robot-token', token);
    gone.add('u3');
    await expect(as(header)).rejects.toMatchObject({ code: 401 });
  });

  it('is for its audiences only', async () => {
    const { token } = await tokens.issue(account, { expirationSeconds: 600, audiences: ['vault', 'other'] });
    await expect(as(`Bearer ${token}`)).rejects.toMatchObject({ code: 401 });
    expect(await authenticator.authenticateToken(token, ['vault', 'x'])).toMatchObject({ audiences: ['vault'] });
    expect(await authenticator.authenticateToken(token)).toBeUndefined();
  });

  it('outlives the key that signed it while that is believed, and not longer', async () => {
    const [former, next] = [pemOf(type), pemOf(type)];
    let now = parseServiceAccountKeys(former);
    const rotated = createServiceAccountTokens({ ...options, keys: () => now });
    const { token: old } = await rotated.issue(account, { expirationSeconds: 600 });
    const publicKey = createPublicKey(former).export({ type: 'spki', format: 'pem' }).toString();
    now = parseServiceAccountKeys(next, [publicKey]);
    const { token } = await rotated.issue(account, { expirationSeconds: 600 });
    expect(await rotated.verify(old)).toMatchObject({ user: { uid: 'u1' } });
    expect(await rotated.verify(token)).toMatchObject({ user: { uid: 'u1' } });
    expect(rotated.keySet()).toHaveLength(2);
    now = parseServiceAccountKeys(next);
    expect(await rotated.verify(old)).toBeUndefined();
    expect(await rotated.verify(token)).toMatchObject({ user: { uid: 'u1' } });
  });

  it('cannot be forged', async () => {
    const claims = {
      'kubernetes.io': { clusterName: 'c1', namespace: 'default', serviceaccount: { name: 'robot', uid: 'u1' } },
    };
    const signed = (jwt: SignJWT) =>
      jwt
        .setSubject('system:serviceaccount:default:robot')
        .setIssuer('https://kcp.default.svc')
        .setAudience('https://kcp.default.svc')
        .setExpirationTime('10y');
    const foreign = createServiceAccountTokens({ ...options, keys: () => parseServiceAccountKeys(pemOf(type)) });
    const { token } = await tokens.issue(account, { expirationSeconds: 600 });
    const [head, body, signature] = token.split('.');
    const forged = [
      (await foreign.issue(account, { expirationSeconds: 600 })).token,
      await signed(new SignJWT(claims).setProtectedHeader({ alg: 'HS256' })).sign(Buffer.from(privateKey)),
      new UnsecuredJWT(claims).encode(),
      `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      `${head}.${body}.`,
      'a.b.c',
      '..',
    ];
    for (const bad of forged)
      await expect(as(`Bearer ${bad}`)).rejects.toMatchObject({ code: 401, message: 'Unauthorized' });
  });
});

describe('a token file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-file-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is CSV with quoted groups', async () => {
    const users = parseTokenFile('t1,ann,1\r\n\nt2,"b""ob",2,"x,y, z"\n');
    expect([...users.values()]).toEqual([
      { name: 'ann', uid: '1', groups: ['system:authenticated'] },
      { name: 'b"ob', uid: '2', groups: ['x', 'y', 'z', 'system:authenticated'] },
    ]);
  });

  it('names its bad lines and shows no token', () => {
    const text = 'secret,ann\n,bob,2\ngood,joe,3\n"a\nb",x,y\ngood,tom,4\n"open,x,y';
    expect(() => parseTokenFile(text)).toThrow(
      /^line 1: must have at least 3 columns \(token, user name, user uid\), found 2; line 2: the token is empty; line 6: the token has been used in an earlier line; line 7: a quote is not closed$/,
    );
  });

  it('is read again when it changes; a bad one changes nothing', async () => {
    const path = join(folder, 'tokens.csv');
    const write = async (text: string, time: number) => {
      await writeFile(path, text);
      await utimes(path, time, time);
    };
    await write('t1,ann,1', 1000);
    const timers = createTestClock();
    let failed = Promise.withResolvers<Error>();
    using tokenFile = await openTokenFile({ path, clock: timers.clock, onError: (error) => failed.resolve(error) });
    const { as } = authenticatorWith({ tokenFile });
    expect(await as('Bearer t1')).toMatchObject({ name: 'ann' });
    const reload = async () => {
      timers.tick(2000);
      await expect.poll(() => timers.timerCount()).toBe(1);
    };
    await write('t1,ann', 2000);
    await reload();
    expect((await failed.promise).message).toContain('line 1');
    failed = Promise.withResolvers();
    expect(await as('Bearer t1')).toMatchObject({ name: 'ann' });
    await write('t2,ann,1', 3000);
    await reload();
    expect(await as('Bearer t2')).toMatchObject({ name: 'ann' });
    await expect(as('Bearer t1')).rejects.toMatchObject({ code: 401 });
  });

  it('is refused at the start when it is bad', async () => {
    await expect(openTokenFile({ path: join(folder, 'none.csv'), clock, onError: () => {} })).rejects.toThrow(
      'token file',
    );
  });
});
