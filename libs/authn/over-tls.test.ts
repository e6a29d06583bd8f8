import { once } from 'node:events';
import { connect } from 'node:http2';
import { createSystemClock } from '@kcp-ts/base';
import { createHttpServer } from '@kcp-ts/http';
import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { createAuthenticator } from './authenticator.ts';
import { hashToken } from './token-table.ts';

it('over TLS, a good certificate authenticates; a foreign one does not, nor does it keep a token from doing so', async () => {
  const authority = await createTestAuthority();
  const foreign = await createTestAuthority('foreign');
  const serving = await authority.issue('CN=server');
  const clock = createSystemClock();
  const adminTokens = [{ sha256: hashToken('secret'), user: { name: 'kcp-admin', groups: ['system:kcp:admin'] } }];
  const authenticator = createAuthenticator({ clock, anonymous: true, adminTokens });
  const server = createHttpServer({
    tls: { ...serving, clientCa: authority.certificate },
    clock,
    onError: () => {},
    async handler(exchange) {
      exchange.respond(200, {}, (await authenticator.authenticate(exchange)).name);
    },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const nameOf = async (
    identity: { certificate: string; privateKey: string } | undefined,
    headers: Record<string, string>,
  ) => {
    const pair = identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey };
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority.certificate, ...pair });
    const stream = session.request({ ':path': '/', ...headers });
    const [head] = await once(stream, 'response');
    const body = await stream.toArray();
    session.close();
    return head[':status'] === 200 ? Buffer.concat(body).toString() : head[':status'];
  };
  const remote = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' };
  const bearer = { authorization: 'Bearer secret' };
  const good = await authority.issue('CN=ann, O=team');
  const bad = await foreign.issue('CN=ann, O=system:masters');
  const expired = await authority.issue('CN=ann', { from: new Date(0), to: new Date(1000) });

  expect(await nameOf(good, remote)).toBe('ann');
  expect(await nameOf(undefined, remote)).toBe('system:anonymous');
  expect(await nameOf(undefined, bearer)).toBe('kcp-admin');
  for (const identity of [bad, expired]) {
    expect(await nameOf(identity, remote)).toBe(401);
    expect(await nameOf(identity, bearer)).toBe('kcp-admin');
  }
  await server.close({ drainMs: 100 });
});
