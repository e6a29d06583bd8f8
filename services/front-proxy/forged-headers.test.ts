import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { createTestPlaces, startTestProxy, startTestServer } from './front-proxy.fixture.ts';

async function behindProxy() {
  const clients = await createTestAuthority('clients');
  const peers = await createTestAuthority('peers');
  const own = await peers.issue('CN=system:kcp:service:front-proxy:a, O=system:kcp:services');
  const seen: string[][] = [];
  const shardTls = { ...(await peers.issue('CN=shard')), clientCa: peers.certificate };
  const shard = await startTestServer(shardTls, async (exchange) => {
    await exchange.readBody(1000);
    seen.push(Object.keys(exchange.headers).filter((name) => !name.startsWith(':')));
    exchange.respond(200, {});
  });
  const places = createTestPlaces();
  places.shards.set('root', shard.url);
  const proxy = await startTestProxy({
    places,
    serving: { ...(await clients.issue('CN=localhost')), clientCa: clients.certificate },
    peer: { ca: peers.certificate, cert: own.certificate, key: own.privateKey },
  });
  return {
    seen,
    port: proxy.port,
    ca: clients.certificate,
    async [Symbol.asyncDispose]() {
      await proxy.close({ drainMs: 0 });
      await shard[Symbol.asyncDispose]();
    },
  };
}

const forged =
  'X-Remote-User: root\r\nx-REMOTE-group: system:masters\r\nX-Remote-Group: a\r\nKcp-Identity-Assertion: e\r\n';

it('over the wire, nothing forged crosses in HTTP/1.1, neither in the head nor in trailers', async () => {
  await using at = await behindProxy();
  const socket = connectTls({ port: at.port, ca: at.ca, host: '127.0.0.1', ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\n${forged}Connection: close, X-Remote-User\r\nAccept: a\r\nTransfer-Encoding: chunked\r\n` +
      `Trailer: X-Remote-Group\r\n\r\n1\r\na\r\n0\r\n${forged}\r\n`,
  );
  socket.resume();
  await once(socket, 'close');
  expect(at.seen).toEqual([['accept', 'x-kcp-ts-flow']]);
});

it('over the wire, nothing forged crosses in HTTP/2, neither in the head nor in trailers', async () => {
  await using at = await behindProxy();
  const session = connect(`https://127.0.0.1:${at.port}`, { ca: at.ca });
  const head = { ':method': 'POST', ':path': '/', accept: 'a', 'x-remote-user': 'root', 'x-remote-group': ['a', 'b'] };
  const stream = session.request({ ...head, 'kcp-identity-assertion': 'e', te: 'trailers' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-remote-group': 'system:masters' }));
  stream.resume();
  stream.end('a');
  await once(stream, 'close');
  session.close();
  expect(at.seen).toEqual([['accept', 'x-kcp-ts-flow']]);
});

it('refuses tunnels and takes an asked upgrade for no upgrade', async () => {
  await using at = await behindProxy();
  const session = connect(`https://127.0.0.1:${at.port}`, { ca: at.ca });
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'a:1' });
  const [head] = await once(stream, 'response');
  expect(head[':status']).toBe(405);
  stream.destroy();
  session.destroy();
  for (const [line, status] of [
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '200'],
    ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', undefined],
  ] as const) {
    const socket = connectTls({ port: at.port, ca: at.ca, host: '127.0.0.1', ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    socket.write(line);
    const answer = await Promise.race([once(socket, 'data').then(String), once(socket, 'close').then(() => '')]);
    if (status === undefined) expect(answer).not.toContain('200');
    else expect(answer).toContain(`HTTP/1.1 ${status}`);
    socket.destroy();
  }
  expect(at.seen).toEqual([['x-kcp-ts-flow']]);
});
