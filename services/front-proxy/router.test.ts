import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { ask, openClients } from './clients.fixture.ts';
import { createTestPlaces, startTestProxy, startTestServer } from './front-proxy.fixture.ts';

function tokenOf(claims: unknown): string {
  return `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

/** Four servers, each of which says its name. */
async function set() {
  const authority = await createTestAuthority();
  const serving = { ...(await authority.issue('CN=localhost')), clientCa: authority.certificate };
  const own = await authority.issue('CN=system:kcp:service:front-proxy:a, O=system:kcp:services');
  const start = (name: string) => startTestServer(serving, (exchange) => exchange.respond(200, {}, name));
  const [root, two, virtual, cache, mapped] = await Promise.all(
    ['root', 'two', 'virtual', 'cache', 'mapped'].map(start),
  );
  const places = createTestPlaces();
  places.shards.set('root', root?.url ?? '').set('two', two?.url ?? '');
  places.workspaces.set('home', { cluster: 'home', shard: 'two' });
  places.services.set('virtual-workspaces', [virtual?.url ?? '']).set('cache-server', [cache?.url ?? '']);
  const tls = { ca: authority.certificate, cert: own.certificate, key: own.privateKey };
  const proxy = await startTestProxy({
    places,
    serving,
    peer: tls,
    mappings: [{ path: '/extra/', backend: mapped?.url ?? '', tls }],
  });
  const [[, open]] = openClients as [(typeof openClients)[0]];
  return {
    async answerOf(path: string, authorization?: string) {
      const url = `https://127.0.0.1:${proxy.port}${path}`;
      const headers = authorization === undefined ? {} : { authorization };
      return (await ask(open, { url, tls: { ca: authority.certificate }, headers })).body;
    },
    async [Symbol.asyncDispose]() {
      await proxy.close({ drainMs: 0 });
      for (const server of [root, two, virtual, cache, mapped]) await server?.[Symbol.asyncDispose]();
    },
  };
}

it('knows which server answers which path', async () => {
  await using at = await set();
  expect(await at.answerOf('/clusters/home/api')).toBe('two');
  expect(await at.answerOf('/services/apiexport/root/a/clusters/*/api')).toBe('virtual');
  expect(await at.answerOf('/services/cache/shards/*/clusters/*/api')).toBe('cache');
  expect(await at.answerOf('/extra/anything')).toBe('mapped');
  expect(await at.answerOf('/version')).toBe('root');
});

it('sends a service account that names no cluster home, as far as its token says so', async () => {
  await using at = await set();
  for (const claims of [
    { 'kubernetes.io': { clusterName: 'home' } },
    { 'kubernetes.io/serviceaccount/clusterName': 'home' },
  ])
    expect(await at.answerOf('/api', tokenOf(claims))).toBe('two');
  for (const claims of [{ 'kubernetes.io': { clusterName: 'else' } }, { 'kubernetes.io': 'x' }, null, 'x', {}])
    expect(await at.answerOf('/api', tokenOf(claims))).toBe('root');
  for (const header of ['Bearer a.b.c', 'Bearer x', 'Basic YTpi'])
    expect(await at.answerOf('/api', header)).toBe('root');
});
