import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { assertionHeader, createAssertionVerifier, serviceAudience } from '@kcp-ts/authn';
import { createSystemClock } from '@kcp-ts/base';
import type { BodyStream, Exchange, ExchangeHandler } from '@kcp-ts/http';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClientTls } from './clients.fixture.ts';
import { ask, openClients } from './clients.fixture.ts';
import type { TestPlaces, TestProxy } from './front-proxy.fixture.ts';
import { createTestPlaces, startTestProxy, startTestServer } from './front-proxy.fixture.ts';

let clients: TestAuthority;
let peers: TestAuthority;
let serving: { readonly certificate: string; readonly privateKey: string };
let own: { readonly certificate: string; readonly privateKey: string };
let shardTls: { readonly certificate: string; readonly privateKey: string; readonly clientCa: string };
beforeAll(async () => {
  clients = await createTestAuthority('clients');
  peers = await createTestAuthority('peers');
  serving = await clients.issue('CN=localhost');
  own = await peers.issue('CN=system:kcp:service:front-proxy:a, O=system:kcp:services');
  shardTls = { ...(await peers.issue('CN=shard')), clientCa: peers.certificate };
});

interface Setting extends AsyncDisposable {
  readonly places: TestPlaces;
  readonly proxy: TestProxy;
  readonly tls: ClientTls;
  url(path: string): string;
}

/** One shard, `root`, with the workspace root:a under the name abc. */
async function set(handler: ExchangeHandler): Promise<Setting> {
  const shard = await startTestServer(shardTls, handler);
  const places = createTestPlaces();
  places.workspaces.set('root:a', { cluster: 'abc', shard: 'root' });
  places.workspaces.set('abc', { cluster: 'abc', shard: 'root' });
  places.workspaces.set('root:gone', 'unavailable');
  places.shards.set('root', shard.url);
  const proxy = await startTestProxy({
    places,
    serving: { ...serving, clientCa: clients.certificate },
    peer: { ca: peers.certificate, cert: own.certificate, key: own.privateKey },
  });
  return {
    places,
    proxy,
    tls: { ca: clients.certificate },
    url: (path) => `https://127.0.0.1:${proxy.port}${path}`,
    async [Symbol.asyncDispose]() {
      await proxy.close({ drainMs: 0 });
      await shard[Symbol.asyncDispose]();
    },
  };
}

function tell(exchange: Exchange): void {
  const { method, url } = exchange;
  exchange.respond(200, { 'content-type': 'application/json' }, JSON.stringify({ method, url }));
}

describe.each(openClients)('over %s the proxy', (_protocol, open) => {
  it.each([
    ['/clusters/root:a/api/v1/secrets?limit=1', '/clusters/abc/api/v1/secrets?limit=1'],
    ['/clusters/root%3Aa/api', '/clusters/abc/api'],
    ['/clusters/abc', '/clusters/abc'],
    ['/clusters/abc?x', '/clusters/abc?x'],
    ['/version', '/version'],
    ['/api/v1/a%2Fb', '/api/v1/a%2Fb'],
  ])('hands %s on as %s', async (path, expected) => {
    await using at = await set(tell);
    const answer = await ask(open, { url: at.url(path), tls: at.tls });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body)).toEqual({ method: 'GET', url: expected });
  });

  it.each([
    '/clusters/*/api',
    '/clusters/root:nowhere/api',
    '/clusters/ROOT/api',
    '/clusters//api',
    '/clusters/%2A/api',
  ])('refuses %s with the text of kcp', async (path) => {
    await using at = await set(tell);
    const answer = await ask(open, { url: at.url(path), tls: at.tls });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'Forbidden', code: 403 });
    expect(answer.body).toContain('workspace access not permitted');
  });

  it('says that a workspace is not available, and to ask again where nobody can say that it is unknown', async () => {
    await using at = await set(tell);
    expect(await ask(open, { url: at.url('/clusters/root:gone/api'), tls: at.tls })).toMatchObject({
      status: 503,
      body: 'Not available.',
    });
    at.places.staleShards = () => Promise.resolve(new Set(['two']));
    expect(await ask(open, { url: at.url('/clusters/root:b/api'), tls: at.tls })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
    });
    at.places.oracle = 'two';
    expect(await ask(open, { url: at.url('/clusters/root:b/api'), tls: at.tls })).toMatchObject({ status: 503 });
    at.places.oracle = 'root';
    expect(await ask(open, { url: at.url('/clusters/root:b/api'), tls: at.tls })).toMatchObject({ status: 403 });
  });

  it('finds a workspace that became known while the negative answer was confirmed', async () => {
    await using at = await set(tell);
    at.places.staleShards = async () => {
      at.places.workspaces.set('root:new', { cluster: 'new', shard: 'root' });
      return new Set();
    };
    const answer = await ask(open, { url: at.url('/clusters/root:new/api'), tls: at.tls });
    expect(JSON.parse(answer.body).url).toBe('/clusters/new/api');
  });

  it('hands on answers without a body, and redirects, which it does not follow', async () => {
    await using at = await set((exchange) => {
      if (exchange.url.endsWith('/redirect')) exchange.respond(302, { location: 'https://127.0.0.1:1/' });
      else if (exchange.url.endsWith('/none')) exchange.respond(204, {});
      else if (exchange.url.endsWith('/same')) exchange.respond(304, { etag: '"a"' });
      else exchange.respond(200, { 'content-type': 'text/plain' }, 'hello');
    });
    const at2 = (path: string, method = 'GET') =>
      ask(open, { url: at.url(`/clusters/abc/${path}`), tls: at.tls, method });
    expect(await at2('redirect')).toMatchObject({ status: 302, headers: { location: 'https://127.0.0.1:1/' } });
    expect(await at2('none')).toMatchObject({ status: 204, body: '' });
    expect(await at2('same')).toMatchObject({ status: 304, headers: { etag: '"a"' }, body: '' });
    expect(await at2('', 'HEAD')).toMatchObject({ status: 200, headers: { 'content-length': '5' }, body: '' });
    expect(await at2('')).toMatchObject({ status: 200, body: 'hello' });
  });

  it('streams large bodies both ways', async () => {
    const sent = Buffer.alloc(5_000_000, 'abcdefg');
    await using at = await set(async (exchange) => {
      const body = await exchange.readBody(10_000_000);
      const stream = exchange.stream(200, { 'x-sum': createHash('sha256').update(body).digest('hex') });
      stream.write(body);
      stream.end();
    });
    const answer = await ask(open, { url: at.url('/clusters/abc/'), tls: at.tls, method: 'POST' }, sent);
    expect(answer.headers['x-sum']).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(answer.body === sent.toString()).toBe(true);
  });

  it('hands on a refusal that comes before the body was read', async () => {
    await using at = await set((exchange) => exchange.respond(413, {}, 'no'));
    const answer = await ask(
      open,
      { url: at.url('/clusters/abc/'), tls: at.tls, method: 'PUT' },
      Buffer.alloc(300_000),
    );
    expect(answer).toMatchObject({ status: 413, body: 'no' });
    expect(await ask(open, { url: at.url('/clusters/abc/'), tls: at.tls })).toMatchObject({ status: 413 });
  });

  it('hands on each event of a watch when it happens, and the end of the client to the shard', async () => {
    const watches: BodyStream[] = [];
    const gone = Promise.withResolvers<void>();
    await using at = await set((exchange) => {
      exchange.onClose(gone.resolve);
      watches.push(exchange.stream(200, { 'content-type': 'application/json' }));
    });
    const sent = open({ url: at.url('/clusters/abc/api/v1/secrets?watch=true'), tls: at.tls });
    if (_protocol !== 'h2') sent.body.end();
    const answer = await sent.answer;
    for (const event of ['{"type":"ADDED"}\n', '{"type":"DELETED"}\n']) {
      watches[0]?.write(Buffer.from(event));
      const [chunk] = await once(answer.body, 'data');
      expect(String(chunk)).toBe(event);
    }
    answer.body.on('error', () => undefined);
    answer.abort();
    await gone.promise;
  });

  it('cuts an answer off where the shard does', async () => {
    await using at = await set((exchange) => {
      const body = exchange.stream(200, exchange.url.endsWith('length') ? { 'content-length': '100000' } : {});
      body.write(Buffer.from('half'));
      setTimeout(() => body.destroy(), 20);
    });
    for (const path of ['/clusters/abc/', '/clusters/abc/length'])
      await expect(ask(open, { url: at.url(path), tls: at.tls })).rejects.toThrow();
  });

  it('has a failed answer of known length asked again, since nothing of it was sent', async () => {
    await using at = await set((exchange) => {
      const body = exchange.stream(200, { 'content-length': '1000' });
      body.write(Buffer.from('half'));
      setTimeout(() => body.destroy(), 20);
    });
    const answer = await ask(open, { url: at.url('/clusters/abc/'), tls: at.tls });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  it('holds little for a client that does not read', async () => {
    let handed = 0;
    let full = false;
    const chunk = Buffer.alloc(64 * 1024);
    await using at = await set((exchange) => {
      const body = exchange.stream(200, {});
      const more = () => {
        while (handed < 200_000_000) {
          handed += chunk.byteLength;
          if (body.write(chunk)) continue;
          full = true;
          return;
        }
      };
      body.onDrain(more);
      more();
    });
    const sent = open({ url: at.url('/clusters/abc/'), tls: at.tls });
    if (_protocol !== 'h2') sent.body.end();
    const answer = await sent.answer;
    answer.body.on('error', () => undefined);
    let before = -1;
    await vi.waitFor(
      () => {
        const still = full && handed === before;
        before = handed;
        expect(still).toBe(true);
      },
      { timeout: 10_000, interval: 300 },
    );
    expect(handed).toBeLessThan(20_000_000);
    answer.abort();
  });

  it('takes a body no faster than the shard reads it', async () => {
    const waiting = Promise.withResolvers<Exchange>();
    await using at = await set((exchange) => waiting.resolve(exchange));
    const sent = open({ url: at.url('/clusters/abc/'), tls: at.tls, method: 'POST' });
    sent.answer.catch(() => undefined);
    const chunk = Buffer.alloc(64 * 1024);
    let taken = 0;
    const more = () => {
      while (taken < 100_000_000) {
        taken += chunk.byteLength;
        if (!sent.body.write(chunk)) return;
      }
    };
    sent.body.on('drain', more);
    more();
    await waiting.promise;
    let before = -1;
    await vi.waitFor(
      () => {
        const still = taken === before;
        before = taken;
        expect(still).toBe(true);
      },
      { timeout: 10_000, interval: 300 },
    );
    expect(taken).toBeLessThan(30_000_000);
    sent.abort();
  });

  it('shows a shard who a client certificate is, never its token, and hands a token on where there is none', async () => {
    const seen: Exchange['headers'][] = [];
    await using at = await set((exchange) => {
      seen.push(exchange.headers);
      exchange.respond(200, {});
    });
    const ann = await clients.issue('CN=ann, O=team');
    const headers = { authorization: 'Bearer secret', [assertionHeader]: 'forged' };
    const url = at.url('/clusters/abc/');
    await ask(open, { url, tls: { ...at.tls, cert: ann.certificate, key: ann.privateKey }, headers });
    await ask(open, { url, tls: at.tls, headers });
    const [withCertificate, withToken] = seen;
    expect(withCertificate?.['authorization']).toBeUndefined();
    const [payload = ''] = String(withCertificate?.[assertionHeader]).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString()).user).toMatchObject({
      name: 'ann',
      groups: ['team', 'system:authenticated'],
    });
    expect(withToken?.['authorization']).toBe('Bearer secret');
    expect(withToken?.[assertionHeader]).toBeUndefined();
  });

  it('says who asks to the one server that it hands a request to: another one takes no notice of it', async () => {
    const clock = createSystemClock();
    const verify = (exchange: Exchange, audience: string) => {
      const text = String(exchange.headers[assertionHeader]);
      return createAssertionVerifier({ audience, clock }).verify(text, exchange.peer)?.name;
    };
    const audiences = ['root', 'two'].map((name) => serviceAudience('shard', name));
    const names: (string | undefined)[][] = [];
    await using at = await set((exchange) => {
      names.push(audiences.map((audience) => verify(exchange, audience)));
      exchange.respond(200, {});
    });
    at.places.workspaces.set('def', { cluster: 'def', shard: 'two' });
    at.places.shards.set('two', at.places.shards.get('root') ?? '');
    const ann = await clients.issue('CN=ann, O=team');
    const tls = { ...at.tls, cert: ann.certificate, key: ann.privateKey };
    for (const cluster of ['abc', 'def']) await ask(open, { url: at.url(`/clusters/${cluster}/`), tls });
    expect(names).toEqual([
      ['ann', undefined],
      [undefined, 'ann'],
    ]);
  });

  it('refuses a foreign certificate', async () => {
    await using at = await set(tell);
    const foreign = await createTestAuthority('foreign');
    const bad = await foreign.issue('CN=ann, O=system:masters');
    const tls = { ...at.tls, cert: bad.certificate, key: bad.privateKey };
    expect(await ask(open, { url: at.url('/clusters/abc/'), tls })).toMatchObject({ status: 401 });
  });

  it('answers for its own health, and shows its metrics to masters alone', async () => {
    await using at = await set(tell);
    const health = (path: string) => ask(open, { url: at.url(path), tls: at.tls });
    expect(await health('/readyz')).toMatchObject({ status: 200, body: 'ok' });
    expect((await health('/livez?verbose')).body).toBe('[+]ping ok\nlivez check passed\n');
    at.places.ready = false;
    expect(await health('/healthz/index')).toMatchObject({ status: 500 });
    expect((await health('/readyz')).body).toContain('[-]index failed');
    expect(await health('/readyz/nothing')).toMatchObject({ status: 404 });
    expect(JSON.parse((await health('/metrics')).body).url).toBe('/metrics');
    const master = await clients.issue('CN=m, O=system:masters');
    const tls = { ...at.tls, cert: master.certificate, key: master.privateKey };
    const { body } = await ask(open, { url: at.url('/metrics'), tls });
    expect(body).toMatch(/kcp_front_proxy_requests_total\{backend="https:[^"]*",code="200"\} 1/);
  });
});
