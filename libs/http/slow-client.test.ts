/**
 * A client that asks for much at once through another server, and reads it late: it waits, and
 * loses nothing.
 */

import { once } from 'node:events';
import { connect } from 'node:http2';
import { createSystemClock } from '@kcp-ts/base';
import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it, vi } from 'vitest';
import type { ExchangeHandler } from './exchange.ts';
import { createHttpServer } from './server.ts';
import { createUpstream } from './upstream.ts';

/** Less than the proxy takes of one answer before its client has read any. */
const answerBytes = 160_000;
const requests = 400;

it('a client that asks for hundreds of long answers through a proxy, and reads them late, gets each of them whole', async () => {
  const authority = await createTestAuthority();
  const tls = await authority.issue('CN=server');
  const clock = createSystemClock();
  async function serve(handler: ExchangeHandler) {
    const server = createHttpServer({ tls, handler, onError: () => undefined, clock, isService: () => true });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    return { server, url: `https://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close({ drainMs: 50 }) };
  }
  // A list is streamed, so its length is not known beforehand.
  await using shard = await serve((exchange) => {
    const body = exchange.stream(200, {});
    body.write(Buffer.alloc(answerBytes));
    body.end();
  });
  using upstream = createUpstream({ url: shard.url, tls: { ca: authority.certificate }, clock });
  const server = createHttpServer({
    tls,
    handler: (exchange) =>
      upstream.forward(exchange, '/', {}, { answered: () => undefined, failed: () => exchange.respond(502, {}) }),
    onError: () => undefined,
    clock,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const session = connect(`https://127.0.0.1:${port}`, { ca: authority.certificate });
  await once(session, 'remoteSettings');
  const answers = Array.from({ length: requests }, () => {
    const stream = session.request({ ':path': '/' });
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined);
    return { stream, closed };
  });
  // Until nothing goes on any more: all that may be made for a client that does not read is made.
  let before = '';
  await vi.waitUntil(
    () => {
      const now = JSON.stringify([server.sizes(), shard.server.sizes()]);
      const still = now === before && server.sizes().waiting > 0;
      before = now;
      return still;
    },
    { interval: 200, timeout: 10_000 },
  );
  const lengths = await Promise.all(
    answers.map(async ({ stream, closed }) => {
      let length = 0;
      stream.on('data', (chunk: Buffer) => {
        length += chunk.byteLength;
      });
      await closed;
      return length;
    }),
  );
  expect(lengths.filter((length) => length !== answerBytes)).toEqual([]);
  session.close();
  await server.close({ drainMs: 50 });
});
