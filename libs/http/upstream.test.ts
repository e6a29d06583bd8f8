import { once } from 'node:events';
import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectPlain, createServer as createPlainServer } from 'node:net';
import { createSystemClock } from '@kcp-ts/base';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority, patience } from '@kcp-ts/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { BodyStream, Exchange } from './exchange.ts';
import type { ForwardFailure } from './relay.ts';
import type { Upstream } from './upstream.ts';
import { createUpstream } from './upstream.ts';

let authority: TestAuthority;
let serving: { readonly certificate: string; readonly privateKey: string };
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issue('CN=server');
});

interface Setting extends AsyncDisposable {
  readonly upstream: Upstream;
  readonly server: Http2SecureServer;
  readonly sessions: ServerHttp2Session[];
}

async function set(
  onStream: (stream: ServerHttp2Stream, path: string) => void,
  options: { readonly maxConcurrentStreams?: number; readonly pingMs?: number; readonly port?: number } = {},
): Promise<Setting> {
  const { maxConcurrentStreams = 100, port = 0 } = options;
  const settings = { maxConcurrentStreams };
  const server = createSecureServer({ cert: serving.certificate, key: serving.privateKey, settings });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    onStream(stream, headers[':path'] ?? '');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = createSystemClock();
  const upstream = createUpstream({ url, tls: { ca: authority.certificate }, clock, pingMs: options.pingMs });
  return {
    upstream,
    server,
    sessions,
    async [Symbol.asyncDispose]() {
      upstream[Symbol.dispose]();
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** A client's exchange that keeps what it is answered. */
function exchangeOf(method = 'GET') {
  const chunks: Buffer[] = [];
  const over = Promise.withResolvers<string>();
  const closeListeners: (() => void)[] = [];
  const state = { status: 0, headers: {} as Exchange['headers'], answered: false, closed: false };
  const stream: BodyStream = {
    bufferedBytes: 0,
    write(chunk) {
      chunks.push(Buffer.from(chunk));
      return true;
    },
    onDrain: () => undefined,
    end: () => over.resolve(Buffer.concat(chunks).toString()),
    destroy: () => over.reject(new Error('cut off')),
  };
  over.promise.catch(() => undefined);
  const begin = (status: number, headers: Exchange['headers']) =>
    Object.assign(state, { status, headers, answered: true });
  const exchange = {
    method,
    url: '/',
    headers: {},
    rawHeaders: [],
    peer: { address: '', port: 0, authorized: false },
    protocol: 'h2',
    client: '1',
    pause: async () => undefined,
    hasBody: false,
    get answered() {
      return state.answered;
    },
    get status() {
      return state.status;
    },
    get closed() {
      return state.closed;
    },
    readBody: () => Promise.resolve(Buffer.alloc(0)),
    onClose: (listener) => void closeListeners.push(listener),
    countIn: () => undefined,
    onBody: () => undefined,
    answerWhile: () => undefined,
    respond(status, headers, body = '') {
      begin(status, headers);
      over.resolve(Buffer.from(body as Uint8Array).toString());
    },
    stream(status, headers) {
      begin(status, headers);
      return stream;
    },
  } satisfies Exchange;
  const leave = () => {
    state.closed = true;
    for (const listener of closeListeners) listener();
  };
  return { exchange, state, whole: over.promise, leave };
}

function send(upstream: Upstream, path = '/', method = 'GET') {
  const client = exchangeOf(method);
  const failed = Promise.withResolvers<ForwardFailure>();
  upstream.forward(client.exchange, path, {}, { failed: failed.resolve, answered: () => undefined });
  return { ...client, failed: failed.promise };
}

const ok = (stream: ServerHttp2Stream) => {
  stream.respond({ ':status': 200, 'content-length': 2 });
  stream.end('ok');
};

describe('an upstream', () => {
  it('uses one connection again and again, and another when the server takes no more on it', async () => {
    const held: ServerHttp2Stream[] = [];
    await using at = await set((stream, path) => (path === '/hold' ? held.push(stream) : ok(stream)), {
      maxConcurrentStreams: 2,
    });
    for (let index = 0; index < 5; index++) expect(await send(at.upstream).whole).toBe('ok');
    await vi.waitFor(() => expect(at.upstream.sizes()).toEqual({ sessions: 1, streams: 0 }), patience);
    const holding = [send(at.upstream, '/hold'), send(at.upstream, '/hold')];
    expect(await send(at.upstream).whole).toBe('ok');
    await vi.waitFor(() => expect(at.upstream.sizes()).toEqual({ sessions: 2, streams: 2 }), patience);
    for (const stream of held) ok(stream);
    for (const { whole } of holding) expect(await whole).toBe('ok');
  });

  it('never uses a connection again on which the server has said goodbye, and lets what is open on it end', async () => {
    let held: ServerHttp2Stream | undefined;
    await using at = await set((stream, path) => {
      if (path === '/hold') held = stream;
      else ok(stream);
    });
    const holding = send(at.upstream, '/hold');
    expect(await send(at.upstream).whole).toBe('ok');
    at.sessions[0]?.goaway();
    expect(await send(at.upstream).whole).toBe('ok');
    while (at.sessions.length < 2) expect(await send(at.upstream).whole).toBe('ok');
    if (held !== undefined) ok(held);
    expect(await holding.whole).toBe('ok');
    expect(await send(at.upstream).whole).toBe('ok');
    expect(at.sessions.length).toBe(2);
  });

  it('opens a new connection after one broke, and says of the request that was on it that it may have been done', async () => {
    await using at = await set((stream, path) => (path === '/break' ? stream.session?.destroy() : ok(stream)));
    expect(await send(at.upstream, '/break').failed).toMatchObject({ unsent: false, connection: true });
    expect(await send(at.upstream).whole).toBe('ok');
    expect(at.sessions.length).toBe(2);
    expect(at.upstream.sizes().sessions).toBe(1);
  });

  it('cuts an answer off when its connection breaks', async () => {
    await using at = await set((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half');
      setImmediate(() => stream.session?.socket.destroy());
    });
    await expect(send(at.upstream).whole).rejects.toThrow('cut off');
  });

  it('cuts an answer off when the server resets it', async () => {
    await using at = await set((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.destroy(new Error('broken')));
    });
    await expect(send(at.upstream).whole).rejects.toThrow('cut off');
  });

  it('asks once more, where nothing was sent of a body, when the server refused it', async () => {
    let asked = 0;
    await using at = await set((stream) => (asked++ === 0 ? stream.close(7) : ok(stream)));
    expect(await send(at.upstream).whole).toBe('ok');
    expect(at.sessions.length).toBe(1);
  });

  it('says that a refused request had no effect, and that the connection is good', async () => {
    await using at = await set((stream) => stream.close(7));
    expect(await send(at.upstream).failed).toMatchObject({ unsent: true, connection: false });
  });

  it('says that nothing was sent where there is no server, or one that is not of the installation', async () => {
    const at = await set(ok);
    const { port } = at.server.address() as AddressInfo;
    await at[Symbol.asyncDispose]();
    const foreign = await createTestAuthority('foreign');
    await using other = await set(ok);
    const otherPort = (other.server.address() as AddressInfo).port;
    for (const [url, ca] of [
      [`https://127.0.0.1:${port}`, authority.certificate],
      [`https://127.0.0.1:${otherPort}`, foreign.certificate],
    ] as const) {
      using upstream = createUpstream({ url, tls: { ca }, clock: createSystemClock() });
      expect(await send(upstream).failed).toMatchObject({ unsent: true, connection: true });
    }
  });

  it('gives up a server that takes connections and says nothing', async () => {
    const plain = createPlainServer(() => undefined).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    using upstream = createUpstream({
      url,
      tls: { ca: authority.certificate },
      clock: createSystemClock(),
      connectTimeoutMs: 50,
    });
    expect(await send(upstream).failed).toMatchObject({ unsent: true, connection: true });
    plain.close();
  });

  it('drops a connection whose server does not answer pings', async () => {
    await using at = await set((stream, path) => (path === '/hold' ? undefined : ok(stream)));
    const pipes: { readonly near: Socket; readonly far: Socket }[] = [];
    const between = createPlainServer((near) => {
      const far = connectPlain((at.server.address() as AddressInfo).port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
      pipes.push({ near, far });
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const url = `https://127.0.0.1:${(between.address() as AddressInfo).port}`;
    using upstream = createUpstream({
      url,
      tls: { ca: authority.certificate },
      clock: createSystemClock(),
      pingMs: 40,
    });
    expect(await send(upstream).whole).toBe('ok');
    const held = send(upstream, '/hold');
    for (const { near, far } of pipes) far.unpipe(near).pause();
    expect(await held.failed).toMatchObject({ unsent: false, connection: true });
    between.close();
  });

  it('cancels at the server what the client has given up', async () => {
    const gone = Promise.withResolvers<number>();
    const begun = Promise.withResolvers<void>();
    await using at = await set((stream) => {
      stream.once('close', () => gone.resolve(stream.rstCode));
      begun.resolve();
    });
    const sent = send(at.upstream);
    await begun.promise;
    sent.leave();
    expect(await gone.promise).toBe(8);
    expect(at.upstream.sizes().sessions).toBe(1);
  });

  it('ends answers at the end of a line, and no other way', async () => {
    const streams: ServerHttp2Stream[] = [];
    await using at = await set((stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
      stream.write(streams.length === 1 ? 'one\n' : 'one\ntw');
    });
    const first = send(at.upstream);
    while (!first.state.answered) await new Promise(setImmediate);
    const second = send(at.upstream);
    while (!second.state.answered) await new Promise(setImmediate);
    await at.upstream.endAnswers(() => true, 0);
    expect(await first.whole).toBe('one\n');
    streams[1]?.write('o\nth');
    streams[1]?.write('ree\n');
    expect(await second.whole).toBe('one\ntwo\nthree\n');
  });

  it('hands on nothing of a connection but what belongs to the answer', async () => {
    await using at = await set((stream) => {
      stream.additionalHeaders({ ':status': 103, link: 'a' });
      stream.respond({ ':status': 200, 'x-a': ['1', '2'], warning: 'w' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': '1' }));
      stream.end('a');
    });
    const sent = send(at.upstream);
    expect(await sent.whole).toBe('a');
    expect(sent.state.status).toBe(200);
    expect(Object.keys(sent.state.headers).sort()).toEqual(['date', 'warning', 'x-a']);
  });
});
