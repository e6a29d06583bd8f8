/** What kubectl prints of built-in kinds. */
import { createTablePrinter } from '@kcp-ts/printers';
import { compileJsonPath } from '@kcp-ts/schema';
import { expect, test } from 'vitest';
import { builtinDefinitions } from './kinds.ts';

const created = '2026-11-21T03:01:37Z';
const now = Date.parse('2026-11-21T03:01:42Z');

function printed(group: string, plural: string, fields: object): unknown[] {
  const definition = builtinDefinitions.find((candidate) => candidate.group === group && candidate.plural === plural);
  if (definition === undefined) throw new Error(`no definition of ${plural}`);
  return createTablePrinter(definition, compileJsonPath).cells(
    { metadata: { name: 'k', namespace: 'default', creationTimestamp: created }, ...fields },
    now,
  );
}

test('ConfigMaps, Secrets, Namespaces and Leases print as in Kubernetes', () => {
  expect(printed('', 'configmaps', { data: { a: '1' }, binaryData: { b: 'AA==' } })).toEqual(['k', 2, '5s']);
  expect(printed('', 'secrets', { type: 'Opaque', data: { a: '' } })).toEqual(['k', 'Opaque', 1, '5s']);
  expect(printed('', 'namespaces', { status: { phase: 'Active' } })).toEqual(['k', 'Active', '5s']);
  expect(printed('coordination.k8s.io', 'leases', { spec: {} })).toEqual(['k', '', '5s']);
});

test('an event without times is last seen at an unknown time', () => {
  const event = {
    type: 'Normal',
    reason: 'Tested',
    involvedObject: { kind: 'ConfigMap', name: 'one' },
    source: { component: 't' },
    message: 'm',
  };
  expect(printed('', 'events', event)).toEqual([
    '<unknown>',
    'Normal',
    'Tested',
    'configmap/one',
    '',
    't',
    'm',
    '<unknown>',
    1,
    'k',
  ]);
});

test('an event of events.k8s.io prints its reporter and its series', () => {
  const event = {
    type: 'Normal',
    reason: 'Tested',
    regarding: { kind: 'ConfigMap', name: 'one', fieldPath: 'data' },
    reportingController: 't.io/c',
    reportingInstance: 'i',
    note: 'n',
    eventTime: '2026-11-21T03:00:42.000000Z',
    series: { count: 4, lastObservedTime: '2026-11-21T03:01:40.000000Z' },
  };
  expect(printed('events.k8s.io', 'events', event)).toEqual([
    '2s',
    'Normal',
    'Tested',
    'configmap/one',
    'data',
    't.io/c, i',
    'n',
    '60s',
    4,
    'k',
  ]);
});

test('a quota shows limits apart from requests', () => {
  const status = {
    hard: { 'limits.cpu': '2', 'count/configmaps': 9007199254740993n, 'requests.cpu': '1' },
    used: { 'count/configmaps': '2', 'limits.cpu': '1' },
  };
  expect(printed('', 'resourcequotas', { status })).toEqual([
    'k',
    'count/configmaps: 2/9007199254740993, requests.cpu: 0/1',
    'limits.cpu: 1/2',
    '5s',
  ]);
});

test('a binding shows its role and its subjects by kind', () => {
  const binding = {
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: [
      { kind: 'User', name: 'bob' },
      { kind: 'User', name: 'eve' },
      { kind: 'Group', name: 'all' },
      { kind: 'ServiceAccount', namespace: 'default', name: 'sa' },
    ],
  };
  const definition = ['k', 'ClusterRole/view', '5s', 'bob, eve', 'all', 'default/sa'];
  expect(printed('rbac.authorization.k8s.io', 'clusterrolebindings', binding)).toEqual(definition);
  expect(printed('rbac.authorization.k8s.io', 'roles', {})).toEqual(['k', created]);
});

test('a signing request shows its fate', () => {
  const csr = {
    spec: { signerName: 's.io/x', username: 'bob', expirationSeconds: 86_400 },
    status: { conditions: [{ type: 'Approved' }], certificate: 'QQ==' },
  };
  expect(printed('certificates.k8s.io', 'certificatesigningrequests', csr)).toEqual([
    'k',
    '5s',
    's.io/x',
    'bob',
    '24h',
    'Approved,Issued',
  ]);
  expect(printed('certificates.k8s.io', 'certificatesigningrequests', { spec: {} }).slice(4)).toEqual([
    '<none>',
    'Pending',
  ]);
});

test('webhook configurations count their webhooks', () => {
  expect(printed('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', { webhooks: [{}, {}] })).toEqual([
    'k',
    2,
    '5s',
  ]);
});
