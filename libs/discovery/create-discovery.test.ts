import type { ResourceDefinition } from '@kcp-ts/api';
import { expect, test } from 'vitest';
import { compareVersions } from './compare-versions.ts';
import type { Document } from './create-discovery.ts';
import { createDiscovery } from './create-discovery.ts';

function definition(
  given: Partial<ResourceDefinition> & Pick<ResourceDefinition, 'group' | 'version' | 'kind'>,
): ResourceDefinition {
  const singular = given.kind.toLowerCase();
  return {
    listKind: `${given.kind}List`,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ['delete', 'get', 'list', 'create'],
    subresources: [],
    schema: { type: 'object' },
    columns: [],
    selectableFields: [],
    dialect: 'custom',
    nameFormat: 'dns-subdomain',
    ...given,
  };
}

const configMap = definition({ group: '', version: 'v1', kind: 'ConfigMap', dialect: 'builtin', shortNames: ['cm'] });
const account = definition({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  dialect: 'builtin',
  subresources: [
    { name: 'token', verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  ],
});
const review = definition({
  group: 'review.k8s.io',
  version: 'v1',
  kind: 'Review',
  dialect: 'builtin',
  virtual: true,
  verbs: ['create'],
});
const lease = definition({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  dialect: 'builtin',
  aliasOf: { group: '', version: 'v1' },
});
const gizmo = definition({
  group: 'rec.io',
  version: 'v1alpha1',
  kind: 'Gizmo',
  categories: ['recs'],
  subresources: [
    { name: 'status', verbs: ['get', 'patch', 'update'] },
    { name: 'scale', verbs: ['get'], group: 'autoscaling', version: 'v1', kind: 'Scale' },
  ],
});
const newGizmo = definition({ ...gizmo, version: 'v1' });
const alias = definition({
  group: 'alias.example.org',
  version: 'v1',
  kind: 'Gizmo',
  aliasOf: { group: 'rec.io', version: 'v1' },
});
const early = definition({ group: 'aaa.example.org', version: 'v1', kind: 'First' });
const definitions = [configMap, account, review, lease, alias, gizmo, newGizmo, early];

interface Resource {
  readonly verbs: readonly string[] | null;
  readonly storageVersionHash: string;
  readonly responseKind: { readonly kind: string };
  readonly subresources: readonly Resource[];
}

/** The parts of all answers that tests look into. */
interface Answer {
  readonly apiVersion: string;
  readonly paths: readonly string[];
  readonly versions: readonly string[];
  readonly groups: readonly { readonly name: string }[];
  readonly resources: readonly Resource[];
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly { readonly version: string; readonly resources: readonly Resource[] }[];
  }[];
}

function read(document: Document | undefined): Answer {
  return JSON.parse(Buffer.from(document?.bytes ?? []).toString());
}

test('groups stand as Kubernetes orders them: built-in as given, custom by name, aliases last', () => {
  const names = read(createDiscovery(definitions).apis()).groups.map((group) => group.name);
  expect(names).toEqual(['review.k8s.io', 'coordination.k8s.io', 'aaa.example.org', 'rec.io', 'alias.example.org']);
});

test('a group prefers its most stable version', () => {
  const versions = [
    { groupVersion: 'rec.io/v1', version: 'v1' },
    { groupVersion: 'rec.io/v1alpha1', version: 'v1alpha1' },
  ];
  const group = createDiscovery(definitions).group('rec.io');
  expect(read(group)).toEqual({
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'rec.io',
    versions,
    preferredVersion: versions[0],
  });
});

test('versions are compared like kube-aware versions', () => {
  const sorted = ['foo1', 'v3beta1', 'v12alpha1', 'v10', 'v2', 'v11beta2', 'foo10', 'v1', 'v10beta3', 'v11alpha2'].sort(
    compareVersions,
  );
  expect(sorted).toEqual([
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ]);
});

test('the server address stands at built-in groups only', () => {
  const discovery = createDiscovery(definitions, { serverAddress: '127.0.0.1:6443' });
  const addresses = [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }];
  expect(read(discovery.api())).toEqual({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: addresses,
  });
  const { groups } = read(discovery.apis());
  expect(groups[0]).toMatchObject({ serverAddressByClientCIDRs: addresses });
  expect(groups[3]).not.toHaveProperty('serverAddressByClientCIDRs');
});

test('a list of the core group has no apiVersion and shows subresources under their parents', () => {
  const list = read(createDiscovery(definitions).groupVersion('', 'v1'));
  const verbs = ['delete', 'get', 'list', 'create'];
  expect(list).toEqual({
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      {
        name: 'configmaps',
        singularName: 'configmap',
        namespaced: true,
        kind: 'ConfigMap',
        verbs,
        shortNames: ['cm'],
        storageVersionHash: expect.any(String),
      },
      {
        name: 'serviceaccounts',
        singularName: 'serviceaccount',
        namespaced: true,
        kind: 'ServiceAccount',
        verbs,
        storageVersionHash: expect.any(String),
      },
      {
        name: 'serviceaccounts/token',
        singularName: '',
        namespaced: true,
        group: 'authentication.k8s.io',
        version: 'v1',
        kind: 'TokenRequest',
        verbs: ['create'],
      },
    ],
  });
  expect(Object.keys(list.resources[2] ?? {})).toEqual([
    'name',
    'singularName',
    'namespaced',
    'group',
    'version',
    'kind',
    'verbs',
  ]);
});

test('kinds that are never stored have no storage version hash', () => {
  expect(read(createDiscovery(definitions).groupVersion('review.k8s.io', 'v1')).resources[0]).not.toHaveProperty(
    'storageVersionHash',
  );
});

test('versions of one resource share the hash of the version that is stored', () => {
  const stored = [
    definition({ ...gizmo, storageVersion: 'v1' }),
    definition({ ...newGizmo, storageVersion: 'v1' }),
    alias,
  ];
  const discovery = createDiscovery(stored);
  const hash = (group: string, version: string): string =>
    read(discovery.groupVersion(group, version)).resources[0]?.storageVersionHash ?? '';
  expect(hash('rec.io', 'v1alpha1')).toBe(hash('rec.io', 'v1'));
  expect(hash('alias.example.org', 'v1')).toBe(hash('rec.io', 'v1'));
  expect(hash('rec.io', 'v1')).toMatch(/^[A-Za-z0-9+/]{11}=$/);
});

test('unknown groups and versions are undefined', () => {
  const discovery = createDiscovery(definitions);
  expect(discovery.group('nonesuch.example')).toBeUndefined();
  expect(discovery.group('')).toBeUndefined();
  expect(discovery.groupVersion('rec.io', 'v9')).toBeUndefined();
});

test('a surface of custom kinds alone names version v1 and has nothing there', () => {
  const discovery = createDiscovery([gizmo]);
  expect(read(discovery.api()).versions).toEqual(['v1']);
  expect(discovery.groupVersion('', 'v1')).toBeUndefined();
  expect(read(discovery.aggregatedApi('v2')).items).toEqual([
    { metadata: {}, versions: [{ version: 'v1', resources: [], freshness: 'Current' }] },
  ]);
});

test('a subresource without verbs says null, as Go does', () => {
  const discovery = createDiscovery([definition({ ...gizmo, subresources: [{ name: 'status', verbs: [] }] })]);
  expect(read(discovery.groupVersion('rec.io', 'v1alpha1')).resources[1]?.verbs).toBeNull();
});

test('aggregated discovery says the kinds of custom resources in full and of built-in ones in short', () => {
  const discovery = createDiscovery(definitions);
  const [core] = read(discovery.aggregatedApi('v2')).items;
  expect(core?.versions[0]?.resources[1]).toEqual({
    resource: 'serviceaccounts',
    responseKind: { group: '', version: '', kind: 'ServiceAccount' },
    scope: 'Namespaced',
    singularResource: 'serviceaccount',
    verbs: ['delete', 'get', 'list', 'create'],
    subresources: [
      {
        subresource: 'token',
        responseKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
        verbs: ['create'],
      },
    ],
  });
  const list = read(discovery.aggregatedApis('v2beta1'));
  expect(list.apiVersion).toBe('apidiscovery.k8s.io/v2beta1');
  const rec = list.items.find((item) => item.metadata.name === 'rec.io');
  expect(rec?.versions.map((version) => version.version)).toEqual(['v1', 'v1alpha1']);
  const item = rec?.versions[1]?.resources[0];
  expect(item?.responseKind).toEqual({ group: 'rec.io', version: 'v1alpha1', kind: 'Gizmo' });
  expect(item?.subresources[0]?.responseKind.kind).toBe('Gizmo');
  expect(item?.subresources[1]?.responseKind).toEqual({
    group: 'autoscaling',
    version: 'v1',
    kind: 'Scale',
  });
});

test('a document is made once and named by its hash', () => {
  const discovery = createDiscovery(definitions);
  expect(discovery.apis()).toBe(discovery.apis());
  expect(discovery.apis().etag).toMatch(/^[0-9A-F]{128}$/);
  expect(discovery.apis().etag).toBe(createDiscovery(definitions).apis().etag);
});

test('root paths are sorted and hold every group and version', () => {
  const { paths } = read(createDiscovery(definitions).rootPaths());
  expect(paths).toEqual([...paths].sort());
  expect(paths).toEqual(
    expect.arrayContaining(['/api', '/api/v1', '/apis', '/apis/', '/apis/rec.io', '/apis/rec.io/v1', '/openapi/v3']),
  );
});
