/** Clients that keep to the protocol as little as they can, and what the server lets them have. */

import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createSystemClock } from '@kcp-ts/base';
import type { TestAuthority } from '@kcp-ts/testing';
import {
  connectRawHttp2,
  createTestAuthority,
  frame,
  frameTypes,
  goawayFrame,
  headersFrame,
  patience,
  rstFrame,
} from '@kcp-ts/testing';
import { beforeAll, expect, it, vi } from 'vitest';
import type { Exchange, ExchangeHandler } from './exchange.ts';
import type { HttpLimits } from './limits.ts';
import { createHttpServer } from './server.ts';

let authority: TestAuthority;
let serving: { certificate: string; privateKey: string };
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issue('CN=server');
});

async function serve(handler: ExchangeHandler, limits: Partial<HttpLimits> = {}) {
  const errors: unknown[] = [];
  const server = createHttpServer({
    tls: serving,
    handler,
    onError: (error) => errors.push(error),
    clock: createSystemClock(),
    limits,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const raw = (options: { windowBytes?: number; reads?: boolean } = {}) =>
    connectRawHttp2({ port, ca: authority.certificate, ...options });
  return { server, port, errors, raw, [Symbol.asyncDispose]: () => server.close({ drainMs: 50 }) };
}

const get = { ':method': 'GET', ':scheme': 'https', ':authority': 'a', ':path': '/' };

async function statusOf(port: number): Promise<number> {
  const session = connect(`https://127.0.0.1:${port}`, { ca: authority.certificate });
  const stream = session.request({ ':path': '/' });
  const [head] = await once(stream, 'response');
  stream.close();
  session.close();
  return Number(head[':status']);
}

it('a client that opens a POST, says GOAWAY and stays is closed, and the server goes on', async () => {
  await using at = await serve((exchange) => exchange.respond(401, {}), { pingMs: 40 });
  // It does not see that the server says goodbye.
  await using client = await at.raw({ reads: false });
  await client.send(headersFrame(1, { ...get, ':method': 'POST' }, false), goawayFrame());
  // A socket that is not read only notices its end when it is written to.
  await vi.waitUntil(
    async () => {
      await client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
      return client.socket.destroyed;
    },
    { timeout: 5_000 },
  );
  expect(await statusOf(at.port)).toBe(401);
});

it('a client that reads nothing, nor answers pings, is closed', async () => {
  const body = Buffer.alloc(1024 * 1024);
  await using at = await serve((exchange) => exchange.respond(200, {}, body), { pingMs: 40 });
  await using client = await at.raw({ windowBytes: 2 ** 31 - 1, reads: false });
  await client.send(...[1, 3, 5, 7, 9, 11].map((stream) => headersFrame(stream, get)));
  await vi.waitUntil(() => at.server.sizes().unsentBytes > 0, patience);
  await vi.waitUntil(() => at.server.sizes().unsentBytes === 0, { timeout: 5_000 });
  client.socket.resume();
  await client.closed;
  expect(await statusOf(at.port)).toBe(200);
});

it('a connection that never finishes its handshake is closed', async () => {
  await using at = await serve((exchange) => exchange.respond(200, {}), { handshakeTimeoutMs: 50 });
  for (const bytes of ['', '\x16\x03\x01\x02\x00\x01']) {
    const socket = connectPlain(at.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (bytes !== '') socket.write(Buffer.from(bytes, 'latin1'));
    socket.resume();
    await once(socket, 'close');
  }
});

it('an HTTP/1.1 client that does not read its answer is closed, whole and streamed', async () => {
  const body = Buffer.alloc(16 * 1024 * 1024);
  const handler = (exchange: Exchange) => {
    if (exchange.url === '/whole') return exchange.respond(200, {}, body);
    const stream = exchange.stream(200, {});
    stream.write(body);
  };
  await using at = await serve(handler, { stallTimeoutMs: 100 });
  for (const path of ['/whole', '/streamed']) {
    const socket = connectTls({ port: at.port, host: '127.0.0.1', ca: authority.certificate });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await vi.waitUntil(() => at.server.sizes().unsentBytes > 0, patience);
    await vi.waitUntil(() => at.server.sizes().unsentBytes === 0, { timeout: 5_000 });
    socket.resume();
    await once(socket, 'close');
  }
});

it('answers that a client does not take are not made, and it loses those that were', async () => {
  const body = Buffer.alloc(900_000);
  let made = 0;
  const handler = async (exchange: Exchange) => {
    await exchange.pause();
    if (exchange.closed) return;
    made++;
    exchange.respond(200, {}, body);
  };
  await using at = await serve(handler, { stallTimeoutMs: 500, concurrentStreamsMax: 500 });
  await using client = await at.raw({ windowBytes: 0 });
  await client.send(...Array.from({ length: 500 }, (_, index) => headersFrame(index * 2 + 1, get)));
  await vi.waitUntil(() => at.server.sizes().waiting > 300, patience);
  expect(made).toBeLessThan(10);
  expect(at.server.sizes().unsentBytes).toBeLessThan(10_000_000);
  // Another client is served meanwhile.
  expect(await statusOf(at.port)).toBe(200);
  await vi.waitUntil(() => made > 10, { timeout: 5_000 });
  await client[Symbol.asyncDispose]();
  await vi.waitUntil(
    () => at.server.sizes().waiting + at.server.sizes().unsentBytes + at.server.sizes().running === 0,
    patience,
  );
});

it('watches that a client does not read are bounded together', async () => {
  const watches: { write(chunk: Uint8Array): boolean; readonly bufferedBytes: number }[] = [];
  const handler = (exchange: Exchange) => void watches.push(exchange.stream(200, {}));
  await using at = await serve(handler, { unsentBytesPerClientMax: 1_000_000 });
  await using client = await at.raw({ windowBytes: 0 });
  await client.send(...Array.from({ length: 100 }, (_, index) => headersFrame(index * 2 + 1, get)));
  await vi.waitUntil(() => watches.length === 100, patience);
  for (let event = 0; event < 20; event++) {
    for (const watch of watches) watch.write(Buffer.alloc(20_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(at.server.sizes().unsentBytes).toBeLessThan(1_100_000);
  }
});

it('all clients together leave no more unread than the server allows', async () => {
  const body = Buffer.alloc(900_000);
  await using at = await serve((exchange) => exchange.respond(200, {}, body), { unsentBytesMax: 5_000_000 });
  const clients = await Promise.all(Array.from({ length: 10 }, () => at.raw({ windowBytes: 0 })));
  await Promise.all(clients.map((client) => client.send(headersFrame(1, get), headersFrame(3, get))));
  await vi.waitUntil(() => at.server.sizes().unsentBytes > 4_000_000, patience);
  for (let look = 0; look < 10; look++) {
    expect(at.server.sizes().unsentBytes).toBeLessThanOrEqual(5_000_000);
    expect(await statusOf(at.port)).toBe(200);
  }
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
});

it('what was reset before its turn is never begun', async () => {
  let begun = 0;
  const release = Promise.withResolvers<void>();
  const handler = async (exchange: Exchange) => {
    begun++;
    await release.promise;
    exchange.respond(200, {});
  };
  await using at = await serve(handler, { requestsPerClientMax: 10, concurrentStreamsMax: 400 });
  await using client = await at.raw();
  const streams = Array.from({ length: 400 }, (_, index) => index * 2 + 1);
  await client.send(...streams.map((stream) => headersFrame(stream, get)));
  await vi.waitUntil(() => at.server.sizes().waiting === 390, patience);
  await client.send(...streams.slice(10).map(rstFrame));
  await vi.waitUntil(() => at.server.sizes().waiting === 0, patience);
  release.resolve();
  await vi.waitUntil(() => at.server.sizes().running === 0, patience);
  expect(begun).toBe(10);
});

it('a thousand requests in one read are not all begun before anything else runs', async () => {
  let begun = 0;
  const handler = async (exchange: Exchange) => {
    await exchange.pause();
    begun++;
    for (const end = performance.now() + 1; performance.now() < end; );
    exchange.respond(200, {});
  };
  await using at = await serve(handler, { requestsPerClientMax: 1_000, concurrentStreamsMax: 500 });
  await using client = await at.raw();
  await client.send(...Array.from({ length: 500 }, (_, index) => headersFrame(index * 2 + 1, get)));
  let last = performance.now();
  let longestMs = 0;
  let perTurnMax = 0;
  for (let before = 0; begun < 500; before = begun) {
    await new Promise((resolve) => setImmediate(resolve));
    perTurnMax = Math.max(perTurnMax, begun - before);
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }
  expect(perTurnMax).toBeLessThan(12);
});

it('so many streams of one connection are open at once, and further ones are refused, which clients ask again for', async () => {
  await using standard = await serve(() => undefined);
  const session = connect(`https://127.0.0.1:${standard.port}`, { ca: authority.certificate });
  const [{ maxConcurrentStreams }] = await once(session, 'remoteSettings');
  expect(maxConcurrentStreams).toBe(250);
  session.destroy();
  let begun = 0;
  await using at = await serve(() => void begun++, { concurrentStreamsMax: 100 });
  await using client = await at.raw();
  await client.send(...Array.from({ length: 150 }, (_, index) => headersFrame(index * 2 + 1, get)));
  await vi.waitUntil(() => begun >= 100, patience);
  expect(await new Promise((resolve) => setImmediate(() => resolve(begun)))).toBe(100);
});

it('after thirty connections that opened and reset streams in bursts others are served, and nothing is left of them', async () => {
  const handler = async (exchange: Exchange) => {
    await exchange.pause();
    exchange.respond(200, {});
  };
  await using at = await serve(handler);
  const clients = await Promise.all(Array.from({ length: 30 }, () => at.raw({ windowBytes: 0 })));
  const frames = Array.from({ length: 100 }, (_, index) => [headersFrame(index * 2 + 1, get), rstFrame(index * 2 + 1)]);
  await Promise.all(clients.map((client) => client.send(...frames.flat())));
  expect(await statusOf(at.port)).toBe(200);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  await vi.waitUntil(() => at.server.sizes().waiting + at.server.sizes().running === 0, { timeout: 5_000 });
});

it('bodies that do not arrive keep nobody else from being served', async () => {
  let begun = 0;
  const handler = async (exchange: Exchange) => {
    if (exchange.method === 'POST') {
      begun++;
      await exchange.readBody(1000);
    }
    exchange.respond(200, {});
  };
  await using at = await serve(handler, { requestsRunningMax: 5 });
  await using client = await at.raw();
  const open = Array.from({ length: 50 }, (_, index) =>
    headersFrame(index * 2 + 1, { ...get, ':method': 'POST' }, false),
  );
  await client.send(...open);
  await vi.waitUntil(() => begun === 50, patience);
  expect(at.server.sizes()).toMatchObject({ running: 0, waiting: 0 });
  expect(await statusOf(at.port)).toBe(200);
});

it('of bodies that do not end only so much is held, and the newest', async () => {
  const ended: unknown[] = [];
  const handler = async (exchange: Exchange) => {
    await exchange.readBody(1_000_000).catch((error: unknown) => ended.push(error));
    exchange.respond(200, {});
  };
  await using at = await serve(handler, { bodyBytesMax: 100_000 });
  await using client = await at.raw();
  for (let stream = 1; stream <= 39; stream += 2)
    await client.send(
      headersFrame(stream, { ...get, ':method': 'POST' }, false),
      frame(frameTypes.data, 0, stream, Buffer.alloc(10_000)),
    );
  await vi.waitUntil(() => ended.length === 10, patience);
  expect(ended[0]).toMatchObject({ reason: 'Timeout' });
});
