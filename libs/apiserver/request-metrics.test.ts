import { anonymousUser, StatusError } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import type { ApiRequest, ReceivedRequest, Target } from './api-request.ts';
import { measure } from './filters/measure.ts';
import { infoOf } from './filters/request-info.ts';
import { parseQuery } from './query.ts';
import { createRequestMetrics } from './request-metrics.ts';

const target: Target = { kind: 'refused', refusal: () => StatusError.badRequest('') };

function requestFor(method: string, url: string, status = 200, contentType = 'application/json') {
  const [path = '', query = ''] = url.split('?');
  const closeListeners: (() => void)[] = [];
  const exchange = {
    headers: { 'content-type': contentType },
    status,
    answered: status !== 0,
    closed: false,
    onClose: (listener: () => void) => void closeListeners.push(listener),
  };
  const received = { exchange, id: '', method, path, query: parseQuery(query), warnings: [] };
  const info = infoOf(received as unknown as ReceivedRequest, target);
  const request = { ...received, target, info, user: anonymousUser } as unknown as ApiRequest;
  const close = () => {
    for (const listener of closeListeners) listener();
  };
  return { request, close };
}

const builtIns = ['configmaps', 'namespaces', 'roles'];
const createMetrics = () =>
  createRequestMetrics({ isBuiltIn: (_group, version, resource) => version === 'v1' && builtIns.includes(resource) });
type Metrics = ReturnType<typeof createMetrics>;

function valuesOf(metrics: Metrics, name: string): readonly string[] {
  const series = metrics.series.find((each) => each.name === name);
  if (series === undefined || series.kind === 'histogram') throw new Error(name);
  const values = series.read();
  if (typeof values === 'number') throw new Error(name);
  return [...values].map(([labels, value]) => {
    const said = Object.entries(labels).filter(([label, text]) => text !== '' && label !== 'component');
    return `${said.map(([label, text]) => `${label}=${text}`).join(' ')}: ${value}`;
  });
}

function durationsOf(metrics: Metrics) {
  const series = metrics.series.find((each) => each.name === 'apiserver_request_duration_seconds');
  return series?.kind === 'histogram' ? [...series.read()] : [];
}

it('counts an apply apart from other patches, and watches over WebSockets as watches', () => {
  const metrics = createMetrics();
  const patch = (contentType: string) => {
    const { request } = requestFor('PATCH', '/api/v1/namespaces/default/configmaps/a', 200, contentType);
    metrics.answered(request, 200, 0.02);
  };
  patch('application/apply-patch+yaml');
  patch('application/merge-patch+json');
  expect(valuesOf(metrics, 'apiserver_request_total').map((line) => line.split(' ')[0])).toEqual([
    'verb=APPLY',
    'verb=PATCH',
  ]);
  const { request, close } = requestFor('GET', '/api/v1/configmaps?watch=1', 101);
  void measure(metrics, { monotonic: () => 0 })(() => undefined)(request);
  expect(valuesOf(metrics, 'apiserver_longrunning_requests')).toEqual([expect.stringMatching(/^verb=WATCH .*: 1$/)]);
  close();
  expect(valuesOf(metrics, 'apiserver_longrunning_requests')).toEqual([expect.stringMatching(/: 0$/)]);
});

it("counts in kube-apiserver's verbs and scopes", () => {
  const metrics = createMetrics();
  const answer = (method: string, url: string, status = 200) => {
    const { request } = requestFor(method, url, status);
    metrics.answered(request, status, 0.02);
  };
  answer('GET', '/api/v1/namespaces/default/configmaps/a');
  answer('GET', '/api/v1/namespaces/default/configmaps/b', 404);
  answer('GET', '/api/v1/configmaps');
  answer('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', 201);
  answer('PUT', '/api/v1/namespaces/a/status');
  answer('DELETE', '/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles');
  answer('GET', '/version');
  answer('GET', '/api/v1/namespaces', 0);
  expect(valuesOf(metrics, 'apiserver_request_total')).toEqual([
    'verb=GET version=v1 resource=configmaps scope=resource code=200: 1',
    'verb=GET version=v1 resource=configmaps scope=resource code=404: 1',
    'verb=LIST version=v1 resource=configmaps scope=cluster code=200: 1',
    'verb=POST dry_run=All version=v1 resource=configmaps scope=resource code=201: 1',
    'verb=PUT version=v1 resource=namespaces subresource=status scope=resource code=200: 1',
    'verb=DELETECOLLECTION group=rbac.authorization.k8s.io version=v1 resource=roles scope=namespace code=200: 1',
    'verb=GET code=200: 1',
  ]);
  expect(durationsOf(metrics)[0]?.[1].sum()).toBe(0.04);
});

it('counts what tenants define together, and has a bounded number of series whatever is asked', () => {
  const metrics = createMetrics();
  for (let i = 0; i < 5_000; i++) {
    const { request } = requestFor('GET', `/apis/g${i}.example.com/v1/namespaces/a/things${i}/x`);
    metrics.answered(request, 200, 0.001);
  }
  expect(valuesOf(metrics, 'apiserver_request_total')).toEqual([
    'verb=GET resource=custom scope=resource code=200: 5000',
  ]);
  for (let i = 0; i < 5_000; i++) {
    const { request } = requestFor('GET', `/apis/g${i}.example.com/v1/namespaces/a/roles/x/sub${i}`);
    metrics.answered(request, 200 + (i % 20), 0.001);
  }
  const counted = valuesOf(metrics, 'apiserver_request_total');
  expect(counted.length).toBeLessThanOrEqual(500 + 20);
  expect(durationsOf(metrics).length).toBeLessThanOrEqual(100 + 1);
  const total = counted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  expect(total).toBe(10_000);
});

it('takes no label from what a client may choose freely, even once there are too many', () => {
  const metrics = createMetrics();
  const fill = (method: string, url: string, status = 200) =>
    metrics.answered(requestFor(method, url, status).request, status, 0.001);
  const words = (prefix: string) => Array.from({ length: 2_000 }, (_, i) => `${prefix}${i}`);
  for (const word of words('v')) {
    fill('GET', `/api/${word}/configmaps`, 404);
    fill('GET', `/api/v1%7Ca%7Cb%7Cc%7C${word}/configmaps`, 404);
    fill(word.toUpperCase(), '/version', 405);
    fill('GET', `/api/v1/namespaces/default/configmaps/x/${word}`, 404);
    fill('GET', `/apis/${word}/v1/roles`, 401);
  }
  const counted = valuesOf(metrics, 'apiserver_request_total');
  expect(counted.length).toBeLessThan(20);
  expect(counted.join()).not.toMatch(/v1?\d{2}|V\d/);
  expect(durationsOf(metrics).length).toBeLessThan(20);
});

it('measures each request once, whether its handler answers, throws or rejects, and holds a watch until it ends', async () => {
  const metrics = createMetrics();
  let nowMs = 0;
  const filter = measure(metrics, { monotonic: () => (nowMs += 250) });
  const run = (url: string, status: number, handler: () => void | Promise<void>) => {
    const { request, close } = requestFor('GET', url, status);
    return { done: filter(handler)(request), close };
  };
  run('/api/v1/configmaps', 200, () => undefined);
  expect(() =>
    run('/api/v1/configmaps', 0, () => {
      throw StatusError.badRequest('no');
    }),
  ).toThrow('no');
  await expect(run('/api/v1/configmaps', 0, () => Promise.reject(new Error('broken'))).done).rejects.toThrow();
  const watch = run('/api/v1/configmaps?watch=1', 200, () => Promise.resolve());
  await watch.done;
  expect(valuesOf(metrics, 'apiserver_request_total')).toEqual([
    'verb=LIST version=v1 resource=configmaps scope=cluster code=200: 1',
    'verb=LIST version=v1 resource=configmaps scope=cluster code=400: 1',
    'verb=LIST version=v1 resource=configmaps scope=cluster code=500: 1',
    'verb=WATCH version=v1 resource=configmaps scope=cluster code=200: 1',
  ]);
  expect(durationsOf(metrics).map(([labels, histogram]) => [labels['verb'], histogram.sum()])).toEqual([
    ['LIST', 0.75],
  ]);
  const open = 'verb=WATCH version=v1 resource=configmaps scope=cluster';
  expect(valuesOf(metrics, 'apiserver_longrunning_requests')).toEqual([`${open}: 1`]);
  watch.close();
  expect(valuesOf(metrics, 'apiserver_longrunning_requests')).toEqual([`${open}: 0`]);
});
