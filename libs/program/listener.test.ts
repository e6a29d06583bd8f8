import { StatusError } from '@kcp-ts/api';
import { createCertificateReader } from '@kcp-ts/authn';
import { createSystemClock } from '@kcp-ts/base';
import type { HttpClient } from '@kcp-ts/http';
import { createHttpClient } from '@kcp-ts/http';
import { createLogControl } from '@kcp-ts/observability';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHealthAndMetrics, followingChecks } from './health-and-metrics.ts';
import type { Listener } from './listener.ts';
import { listen } from './listener.ts';
import { createServiceLoad } from './service-load.ts';

const clock = createSystemClock();
const logging = createLogControl(1);
let authority: TestAuthority;
let listener: Listener;
let client: HttpClient;

beforeEach(async () => {
  authority = await createTestAuthority();
  listener = await listen({
    config: { bindAddress: '127.0.0.1', securePort: 0 },
    tls: { ...(await authority.issue('CN=server')), clientCa: authority.certificate },
    peers: undefined,
    logging,
    clock,
    log: { error: () => undefined },
    load: createServiceLoad(),
  });
  client = createHttpClient({ ca: authority.certificate });
});
afterEach(async () => {
  client[Symbol.dispose]();
  await listener.close({ drainMs: 0 });
});

const get = (path: string, by = client) => by.request('GET', `https://127.0.0.1:${listener.port}${path}`);

it('answers probes from the beginning: it is alive, and is not ready before it serves', async () => {
  expect(await get('/livez')).toMatchObject({ status: 200, body: 'ok' });
  expect(await get('/readyz')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect((await get('/clusters/root')).status).toBe(503);
  listener.serve((exchange) => exchange.respond(200, {}, exchange.url));
  expect(await get('/readyz')).toMatchObject({ status: 200, body: '/readyz' });
});

it('answers from data only while it holds them, and probes always', async () => {
  let holds = true;
  listener.serve(
    (exchange) => exchange.respond(200, {}, 'served'),
    () => holds,
  );
  expect((await get('/clusters/root')).status).toBe(200);
  holds = false;
  expect(await get('/clusters/root')).toMatchObject({ status: 503, body: expect.not.stringContaining('served') });
  expect((await get('/readyz')).status).toBe(200);
});

it('says of a service that follows the shards what it knows, and shows metrics to masters alone', async () => {
  let ready = false;
  let draining = false;
  const answerOwn = createHealthAndMetrics({
    checks: followingChecks({ isReady: () => ready }, () => draining),
    metrics: () => Promise.resolve('numbers'),
    readCertificate: createCertificateReader(() => clock.now()),
    mayScrape: (authorization) =>
      Promise.resolve(authorization === 'Bearer reader' ? undefined : new StatusError('Forbidden', 'not this one')),
  });
  listener.serve((exchange) => {
    const own = answerOwn(exchange);
    if (own === undefined) exchange.respond(404, {}, 'handed on');
    return own === true ? undefined : own;
  });
  expect(await get('/readyz')).toMatchObject({ status: 500, body: expect.stringContaining('[-]index failed') });
  ready = true;
  expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ok' });
  expect((await get('/readyz/shutdown?verbose')).body).toBe('[+]shutdown ok\nreadyz check passed\n');
  draining = true;
  expect((await get('/readyz')).body).toContain('[-]shutdown failed');
  expect((await get('/livez')).status).toBe(200);

  expect(await get('/metrics')).toMatchObject({ status: 404, body: 'handed on' });
  using reader = createHttpClient({ ca: authority.certificate, token: 'reader' });
  expect(await get('/metrics', reader)).toMatchObject({ status: 200, body: 'numbers' });
  using other = createHttpClient({ ca: authority.certificate, token: 'other' });
  expect(await get('/metrics', other)).toMatchObject({ status: 403 });
  const masters = await authority.issue('CN=admin, O=system:masters');
  using admin = createHttpClient({ ca: authority.certificate, cert: masters.certificate, key: masters.privateKey });
  expect(await get('/metrics', admin)).toMatchObject({ status: 200, body: 'numbers' });
});

it('takes the verbosity of its log from masters alone, while it runs', async () => {
  listener.serve((exchange) => exchange.respond(404, {}, 'handed on'));
  const path = `https://127.0.0.1:${listener.port}/debug/flags/v`;
  const as = async (subject: string) => {
    const { certificate: cert, privateKey: key } = await authority.issue(subject);
    return createHttpClient({ ca: authority.certificate, cert, key });
  };
  using masters = await as('CN=admin, O=system:masters');
  using somebody = await as('CN=ann, O=team');
  expect(await masters.request('PUT', path, 4)).toMatchObject({
    status: 200,
    body: 'successfully set klog.logging.verbosity to 4',
  });
  expect(await masters.request('GET', path)).toMatchObject({ status: 200, body: '4' });
  for (const wrong of ['four', -1, 11, 1.5, ''])
    expect(await masters.request('PUT', path, wrong)).toMatchObject({ status: 400 });
  expect(await masters.request('DELETE', path)).toMatchObject({ status: 405 });
  for (const by of [client, somebody])
    expect(await by.request('PUT', path, 9)).toMatchObject({ status: 404, body: 'handed on' });
  expect(logging.verbosity()).toBe(4);
});
