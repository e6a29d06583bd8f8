import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import { Agent, request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { StatusError } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BodyStream, Exchange, ExchangeHandler } from './exchange.ts';
import type { HttpLimits } from './limits.ts';
import { createHttpServer } from './server.ts';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}
interface ClientOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly identity?: { readonly cert: string; readonly key: string };
}
type Client = (port: number, path: string, options?: ClientOptions) => Promise<Answer>;

let authority: TestAuthority;
let serving: { certificate: string; privateKey: string };
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issue('CN=server');
});

async function serve(handler: ExchangeHandler, limits: Partial<HttpLimits> = {}, mayAnswer?: () => boolean) {
  const errors: unknown[] = [];
  const server = createHttpServer({
    tls: { ...serving, clientCa: authority.certificate },
    handler(exchange) {
      if (mayAnswer !== undefined) exchange.answerWhile(mayAnswer);
      return handler(exchange);
    },
    onError: (error) => errors.push(error),
    clock: createSystemClock(),
    limits,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, port, errors, [Symbol.asyncDispose]: () => server.close({ drainMs: 50 }) };
}

const overHttp1: Client = (port, path, options = {}) =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ ca: authority.certificate, ...options.identity });
    const { method = 'GET', headers = {} } = options;
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent }, async (response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
      } catch (error) {
        reject(error);
      }
      agent.destroy();
      const body = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, headers: { ...response.headers }, body });
    });
    sent.on('error', reject);
    sent.end(options.body);
  });

const overHttp2: Client = (port, path, options = {}) =>
  new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority.certificate, ...options.identity });
    session.on('error', reject);
    const stream = session.request({ ':path': path, ':method': options.method ?? 'GET', ...options.headers });
    let head: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => {
      head = { ...headers };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks).toString() });
    });
    stream.end(options.body);
  });

const clients: readonly (readonly [string, Client])[] = [
  ['h2', overHttp2],
  ['http/1.1', overHttp1],
];

async function echo(exchange: Exchange): Promise<void> {
  const body = await exchange.readBody(1000);
  const { method, url, protocol } = exchange;
  exchange.respond(
    201,
    { 'content-type': 'application/json' },
    JSON.stringify({ method, url, protocol, length: body.length }),
  );
}

describe.each(clients)('over %s the server', (protocol, ask) => {
  it('hands over method, raw url and body, and answers with a length', async () => {
    await using at = await serve(echo);
    const answer = await ask(at.port, '/a%2Fb?x=1', { method: 'POST', body: 'hello' });
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.body)).toEqual({ method: 'POST', url: '/a%2Fb?x=1', protocol, length: 5 });
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
  });

  it('says nothing that a handler found out while it may not be said', async () => {
    let may = true;
    const handler = (exchange: Exchange) => {
      // What it knew became old while it was found out.
      may = exchange.url !== '/whole' && exchange.url !== '/streamed';
      if (!exchange.url.startsWith('/streamed')) return exchange.respond(200, {}, 'old');
      const body = exchange.stream(200, {});
      body.write(Buffer.from('old'));
      body.end();
    };
    await using server = await serve(handler, {}, () => may);
    for (const path of ['/whole', '/streamed']) {
      const { status, body, headers } = await ask(server.port, path);
      expect([status, body, headers['retry-after']]).toEqual([503, '', '1']);
    }
    expect(await ask(server.port, '/later')).toMatchObject({ status: 200, body: 'old' });
  });

  it('answers HEAD and 204 without a body', async () => {
    await using at = await serve((exchange) => exchange.respond(exchange.method === 'HEAD' ? 200 : 204, {}, 'text'));
    expect(await ask(at.port, '/', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '4' },
    });
    expect(await ask(at.port, '/')).toMatchObject({ status: 204, body: '' });
  });

  it('refuses a body past the limit, declared or not, with the text of Kubernetes, and serves on', async () => {
    await using at = await serve(echo);
    const chunked = protocol === 'h2' ? {} : { 'transfer-encoding': 'chunked' };
    for (const headers of [{ 'content-length': 300_000 }, chunked]) {
      const answer = await ask(at.port, '/', { method: 'POST', body: Buffer.alloc(300_000), headers });
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.body)).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Request entity too large: limit is 1000',
        reason: 'RequestEntityTooLarge',
        code: 413,
      });
    }
    expect(await ask(at.port, '/', { method: 'POST', body: 'x' })).toMatchObject({ status: 201 });
    expect(at.errors).toEqual([]);
  });

  it('answers before the body was read', async () => {
    await using at = await serve((exchange) => exchange.respond(401, {}, 'no'));
    const answer = await ask(at.port, '/', { method: 'POST', body: Buffer.alloc(200_000) });
    expect(answer).toMatchObject({ status: 401, body: 'no' });
  });

  it('turns what a handler throws into a 500 that does not say what it was', async () => {
    await using at = await serve((exchange) => {
      if (exchange.url === '/sync') throw new Error('secret one');
      return Promise.reject(new Error('secret two'));
    });
    for (const path of ['/sync', '/async']) {
      const answer = await ask(at.port, path);
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain('secret');
    }
    expect(at.errors.map(String)).toEqual(['Error: secret one', 'Error: secret two']);
  });

  it('answers 500 where the head cannot be sent, and cuts off a stream whose handler failed', async () => {
    await using at = await serve((exchange) => {
      if (exchange.url === '/head') exchange.respond(200, { ':bad': 'x' }, 'x');
      exchange.stream(200, {}).write(Buffer.from('half'));
      return Promise.reject(new Error('broken'));
    });
    expect(await ask(at.port, '/head')).toMatchObject({ status: 500 });
    await expect(ask(at.port, '/stream')).rejects.toThrow();
    expect(at.errors).toHaveLength(2);
  });

  it('gives a StatusError of a handler as the answer it is', async () => {
    await using at = await serve(() => Promise.reject(StatusError.notFound({ group: '', plural: 'configmaps' }, 'a')));
    expect(await ask(at.port, '/')).toMatchObject({ status: 404 });
    expect(at.errors).toEqual([]);
  });

  it('streams a body and sends together what was written together', async () => {
    await using at = await serve((exchange) => {
      const body = exchange.stream(200, { 'content-type': 'text/plain' });
      for (const part of ['a', 'b', 'c']) body.write(Buffer.from(part));
      setImmediate(() => {
        body.write(Buffer.from('d'));
        body.end();
      });
    });
    expect(await ask(at.port, '/')).toMatchObject({ status: 200, body: 'abcd' });
  });

  it('delivers megabytes with backpressure, in order', async () => {
    const chunk = Buffer.alloc(300_000, 65);
    await using at = await serve((exchange) => {
      const body = exchange.stream(200, {});
      let left = 40;
      const pump = () => {
        while (left > 0) {
          left--;
          if (!body.write(chunk)) return;
        }
        body.end();
      };
      body.onDrain(pump);
      pump();
    });
    expect((await ask(at.port, '/')).body.length).toBe(12_000_000);
  });

  it('tells a client certificate it can trust from one it cannot, and serves both', async () => {
    const foreign = await createTestAuthority('foreign-ca');
    const good = await authority.issue('CN=ann, O=team-a, O=team-b');
    const bad = await foreign.issue('CN=ann, O=system:masters');
    await using at = await serve(({ peer }) => {
      throw new StatusError('Forbidden', JSON.stringify({ ...peer, certificate: undefined }));
    });
    const seen = async (identity?: { certificate: string; privateKey: string }) => {
      const pair = identity === undefined ? {} : { identity: { cert: identity.certificate, key: identity.privateKey } };
      return JSON.parse(JSON.parse((await ask(at.port, '/', pair)).body).message);
    };
    expect(await seen(good)).toMatchObject({ authorized: true, address: '127.0.0.1' });
    expect(await seen(bad)).toMatchObject({ authorized: false });
    expect(await seen()).toMatchObject({ authorized: false });
  });

  it('reads the subject of a client certificate', async () => {
    const identity = await authority.issue('CN=ann, O=team-a, O=team-b');
    await using at = await serve(({ peer }) => {
      throw new StatusError('Forbidden', JSON.stringify({ ...peer.certificate, raw: undefined }));
    });
    const answer = await ask(at.port, '/', { identity: { cert: identity.certificate, key: identity.privateKey } });
    expect(JSON.parse(JSON.parse(answer.body).message)).toMatchObject({
      commonName: 'ann',
      organizations: ['team-a', 'team-b'],
    });
  });

  it('keeps repeated headers apart in the raw list', async () => {
    await using at = await serve((exchange) => exchange.respond(200, {}, JSON.stringify(exchange.rawHeaders)));
    const answer = await ask(at.port, '/', { headers: { 'impersonate-group': ['a, b', 'c'] } });
    const raw: string[] = JSON.parse(answer.body);
    expect(raw.filter((_, index) => raw[index - 1]?.toLowerCase() === 'impersonate-group')).toEqual(['a, b', 'c']);
  });

  it('lets an upload that takes too long go', async () => {
    const failures: unknown[] = [];
    await using at = await serve(
      (exchange) =>
        exchange.readBody(1000).then(
          () => {},
          (error: unknown) => {
            failures.push(error);
            exchange.respond(504, {}, 'late');
          },
        ),
      { bodyTimeoutMs: 30 },
    );
    const body = { method: 'POST', headers: { 'content-length': 10 } };
    const socket = connectTls({
      port: at.port,
      host: '127.0.0.1',
      ca: authority.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    socket.write(`${body.method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc`);
    const [data] = await once(socket, 'data');
    expect(String(data)).toMatch(/^HTTP\/1.1 (504|408)/);
    socket.destroy();
  });
});

describe('the server', () => {
  it('tells once, per exchange, that the client went away', async () => {
    let closes = 0;
    const reported = Promise.withResolvers<void>();
    await using at = await serve((exchange) => {
      const body = exchange.stream(200, {});
      body.write(Buffer.from('x'));
      exchange.onClose(() => {
        closes++;
        expect(exchange.closed).toBe(true);
        reported.resolve();
      });
    });
    const session = connect(`https://127.0.0.1:${at.port}`, { ca: authority.certificate });
    const stream = session.request({ ':path': '/' });
    await once(stream, 'data');
    stream.close(8);
    await reported.promise;
    expect(closes).toBe(1);
    session.destroy();
  });

  it('reports how much waits for a client that does not read', async () => {
    const bodies: BodyStream[] = [];
    await using at = await serve((exchange) => {
      bodies.push(exchange.stream(200, {}));
    });
    const session = connect(`https://127.0.0.1:${at.port}`, { ca: authority.certificate });
    const stream = session.request({ ':path': '/' });
    await once(stream, 'response');
    const body = bodies[0];
    let accepted = true;
    for (let index = 0; index < 5; index++) accepted = body?.write(Buffer.alloc(1_000_000)) ?? true;
    expect(accepted).toBe(false);
    expect(body?.bufferedBytes).toBeGreaterThanOrEqual(4_000_000);
    body?.destroy();
    stream.resume();
    await once(stream, 'error');
    session.destroy();
  });

  it('finishes what is in flight when it closes and takes nothing new', async () => {
    const arrived = Promise.withResolvers<Exchange>();
    const at = await serve((exchange) => arrived.resolve(exchange));
    const answer = overHttp2(at.port, '/slow');
    const exchange = await arrived.promise;
    const closed = at.server.close({ drainMs: 10_000 });
    exchange.respond(200, {}, 'done');
    expect(await answer).toMatchObject({ status: 200, body: 'done' });
    await closed;
    await expect(overHttp2(at.port, '/')).rejects.toThrow();
  });

  it('cuts off what does not end within the drain time', async () => {
    const at = await serve((exchange) => void exchange.stream(200, {}));
    const session = connect(`https://127.0.0.1:${at.port}`, { ca: authority.certificate });
    session.on('error', () => {});
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'response');
    await at.server.close({ drainMs: 20 });
  });

  it('drops a client that opens and resets streams without end, and serves the others', async () => {
    await using at = await serve((exchange) => exchange.respond(200, {}, 'x'));
    const session = connect(`https://127.0.0.1:${at.port}`, { ca: authority.certificate });
    session.on('error', () => {});
    const closed = new Promise((resolve) => session.once('close', () => resolve(undefined)));
    const reset = () => {
      for (let index = 0; index < 200 && !session.destroyed && !session.closed; index++) {
        const stream = session.request({ ':path': '/' });
        stream.on('error', () => {});
        stream.close(8);
      }
      if (!session.destroyed && !session.closed) setImmediate(reset);
    };
    reset();
    await closed;
    expect(await overHttp2(at.port, '/')).toMatchObject({ status: 200 });
  });

  it('serves with a new certificate as soon as it has one', async () => {
    await using at = await serve(echo);
    const other = await createTestAuthority('other-ca');
    at.server.setSecureContext({ ...(await other.issue('CN=new')), clientCa: authority.certificate });
    const socket = connectTls({ port: at.port, host: '127.0.0.1', ca: other.certificate });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().subject.CN).toBe('new');
    socket.destroy();
  });

  it('survives what is not HTTP', async () => {
    await using at = await serve(echo);
    for (const bytes of [
      '\u0000\u0001garbage\r\n\r\n',
      'GET / HTTP/1.1\r\nbad header\r\n\r\n',
      'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n',
    ]) {
      const socket = connectTls({
        port: at.port,
        host: '127.0.0.1',
        ca: authority.certificate,
        ALPNProtocols: ['http/1.1'],
      });
      socket.on('error', () => {});
      socket.write(bytes);
      socket.resume();
      await once(socket, 'close');
    }
    expect(await overHttp1(at.port, '/', { method: 'POST', body: 'x' })).toMatchObject({ status: 201 });
  });

  it('does not upgrade, and serves the next request on the same connection as its own', async () => {
    await using at = await serve((exchange) => exchange.respond(200, {}, exchange.url));
    const socket = connectTls({
      port: at.port,
      host: '127.0.0.1',
      ca: authority.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    socket.write('GET /one HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
    socket.destroy();
  });
});
