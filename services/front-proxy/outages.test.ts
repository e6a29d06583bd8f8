import { once } from 'node:events';
import { connect } from 'node:http2';
import type { Exchange } from '@kcp-ts/http';
import type { TestAuthority, TestCertificate } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, expect, it } from 'vitest';
import type { ClientRequest } from './clients.fixture.ts';
import { ask, openClients } from './clients.fixture.ts';
import type { TestPlaces, TestServer } from './front-proxy.fixture.ts';
import { createTestPlaces, startTestProxy, startTestServer } from './front-proxy.fixture.ts';

let authority: TestAuthority;
let serving: TestCertificate;
let own: TestCertificate;
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issue('CN=localhost');
  own = await authority.issue('CN=system:kcp:service:front-proxy:a, O=system:kcp:services');
});

const [[, open]] = openClients as [(typeof openClients)[0]];

function startShard(handler: (exchange: Exchange) => void, port = 0): Promise<TestServer> {
  return startTestServer({ ...serving, clientCa: authority.certificate }, handler, { port });
}

const ok = (exchange: Exchange) => exchange.respond(200, {}, 'ok');

async function startProxy(shards: Readonly<Record<string, string>>) {
  const places: TestPlaces = createTestPlaces();
  for (const [name, url] of Object.entries(shards)) {
    places.shards.set(name, url);
    places.workspaces.set(name, { cluster: name, shard: name });
  }
  const proxy = await startTestProxy({
    places,
    serving: { ...serving, clientCa: authority.certificate },
    peer: { ca: authority.certificate, cert: own.certificate, key: own.privateKey },
  });
  const request = (path: string, method = 'GET'): ClientRequest => ({
    url: `https://127.0.0.1:${proxy.port}/clusters/${path}`,
    tls: { ca: authority.certificate },
    method,
  });
  return {
    places,
    proxy,
    request,
    get: (path: string, method = 'GET') => ask(open, request(path, method)),
    [Symbol.asyncDispose]: () => proxy.close({ drainMs: 0 }),
  };
}

it('says 503 and when to ask again for a shard that is down, serves the others, and the shard again once it is back', async () => {
  const shard = await startShard(ok);
  await using other = await startShard(ok);
  await using at = await startProxy({ one: shard.url, two: other.url });
  expect(await at.get('one')).toMatchObject({ status: 200 });
  await shard[Symbol.asyncDispose]();
  for (let index = 0; index < 6; index++) {
    const answer = await at.get('one', index % 2 === 0 ? 'GET' : 'POST');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable', code: 503 });
    expect(await at.get('two')).toMatchObject({ status: 200 });
  }
  await using back = await startShard(ok, shard.port);
  expect(back.url).toBe(shard.url);
  let answer = await at.get('one');
  while (answer.status === 503) answer = await at.get('one');
  expect(answer).toMatchObject({ status: 200, body: 'ok' });
});

it('does not have a write sent again that the shard may have done', async () => {
  const shard = await startShard((exchange) => {
    void exchange.readBody(100).then(() => shard[Symbol.asyncDispose]());
  });
  await using at = await startProxy({ one: shard.url });
  const answer = await ask(open, at.request('one', 'POST'), 'x');
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBeUndefined();
});

it('hands on what a shard says of a workspace that is not there any more', async () => {
  await using shard = await startShard((exchange) => exchange.respond(404, {}, 'moved'));
  await using at = await startProxy({ one: shard.url });
  expect(await at.get('one')).toMatchObject({ status: 404, body: 'moved' });
});

it('says 503 where no server is known', async () => {
  await using at = await startProxy({});
  at.places.workspaces.set('one', { cluster: 'one', shard: 'one' });
  expect(await at.get('one')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});

it('forgets connections to servers that are no more', async () => {
  const closed = Promise.withResolvers<void>();
  await using shard = await startShard((exchange) => {
    exchange.stream(200, {}).write(Buffer.from('a'));
    exchange.onClose(closed.resolve);
  });
  await using at = await startProxy({ one: shard.url });
  const answer = await open(at.request('one')).answer;
  answer.body.on('error', () => undefined);
  at.proxy.keep([]);
  await closed.promise;
});

it('stops without cutting off what is under way: watches end between events, other requests are answered', async () => {
  const waiting = Promise.withResolvers<Exchange>();
  await using shard = await startShard((exchange) => {
    if (exchange.url.includes('watch')) exchange.stream(200, {}).write(Buffer.from('{"type":"ADDED"}\n'));
    else waiting.resolve(exchange);
  });
  await using at = await startProxy({ one: shard.url });
  const session = connect(`https://127.0.0.1:${at.proxy.port}`, { ca: authority.certificate });
  const watch = session.request({ ':path': '/clusters/one/api/v1/secrets?watch=1' });
  await once(watch, 'data');
  const under = session.request({ ':path': '/clusters/one/slow' });
  const slow = await waiting.promise;
  const ended = once(watch, 'end');
  const goaway = once(session, 'goaway');
  const closed = at.proxy.close({ drainMs: 10_000 });
  await Promise.all([ended, goaway]);
  slow.respond(200, {}, 'done');
  expect(Buffer.concat(await under.toArray()).toString()).toBe('done');
  await closed;
});

it('asks all shards before it hands on that a workspace is not where the index has it', async () => {
  const routed = (exchange: Exchange) => exchange.headers['x-kcp-ts-routed'] !== undefined;
  await using before = await startShard((exchange) =>
    routed(exchange) ? exchange.respond(421, {}) : exchange.respond(404, {}, 'not here'),
  );
  await using after = await startShard((exchange) => exchange.respond(200, {}, exchange.url));
  await using at = await startProxy({ one: before.url, two: after.url });
  let asked = 0;
  let known = { cluster: 'again', shard: 'two' };
  at.places.staleShards = () => {
    asked++;
    at.places.workspaces.set('team', known);
    return Promise.resolve(new Set());
  };
  const stale = () => at.places.workspaces.set('team', { cluster: 'former', shard: 'one' });
  stale();
  expect(await at.get('team/api')).toMatchObject({ status: 200, body: '/clusters/again/api' });
  expect(await at.get('team/api')).toMatchObject({ status: 200, body: '/clusters/again/api' });
  expect(asked).toBe(1);
  // What has a body is the client's to send again, and nobody has acted on it.
  stale();
  const sent = await ask(open, at.request('team/api', 'POST'), 'x');
  expect(sent).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(await ask(open, at.request('team/api', 'POST'), 'x')).toMatchObject({ status: 200 });
  // While the index still has it there, the shard answers.
  known = { cluster: 'former', shard: 'one' };
  stale();
  expect(await at.get('team/api')).toMatchObject({ status: 404, body: 'not here' });
  at.places.staleShards = () => {
    at.places.workspaces.delete('team');
    return Promise.resolve(new Set());
  };
  at.places.oracle = 'one';
  expect(await at.get('team/api')).toMatchObject({ status: 403 });
  // The word of a client is none.
  at.places.workspaces.set('team', known);
  const forged = { ...at.request('team/api'), headers: { 'x-kcp-ts-routed': 'true' } };
  at.places.staleShards = () => Promise.resolve(new Set());
  expect(await ask(open, forged)).toMatchObject({ status: 404, body: 'not here' });
});
