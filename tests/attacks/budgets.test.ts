/**
 * What one tenant's requests cost the others: for each kind of work that can grow faster than a
 * request (and its neighbours), how long another tenant's GETs wait meanwhile, and how much memory
 * it takes. An attack may be answered as it likes, but never with a fault of the server's own.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  accepted,
  admit,
  anySchema,
  base,
  bindingsOf,
  bindingTo,
  bindRole,
  condition,
  configMap,
  configMapsOf,
  define,
  definition,
  definitionsOf,
  done,
  exportOf,
  exportsOf,
  field,
  rbacOf,
  resourceSchema,
  schemasOf,
} from '../harness/objects.ts';
import type { Attacked } from './attacked.fixture.ts';
import { answered, body, many, measured, startAttacked } from './attacked.fixture.ts';

let attacked: Attacked;
let tenant: ApiClient;
let weak: ApiClient;
let path: string;
let widgets: string;

/** Five attempts, and none of them may be in a hurry. */
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  attacked = await startAttacked();
  ({ tenant, path } = attacked);
  const { admin } = attacked.server;
  await admit(admin, path, 'user-2');
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  const writer = { verbs, apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'] };
  await done(admin.post(`${rbacOf(path)}/clusterroles`, role('writer', [writer])));
  await bindRole(admin, path, 'writer', 'user-2', 'writer');
  weak = attacked.server.as('user-2');
  await define(tenant, path, 'widgets', { schema: anySchema });
  widgets = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/widgets`;
});

afterAll(() => attacked[Symbol.asyncDispose]());

const holds = (attack: () => Promise<unknown>) => attacked.holds(attack);

function role(name: string, rules: readonly object[], kind = 'ClusterRole') {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name }, rules };
}

function widget(name: string, fields: object, kind = 'Widget') {
  return { apiVersion: 'wild.west/v1alpha1', kind, metadata: { name }, ...fields };
}

const wideRules = (count: number) =>
  many(count, (rule) => ({
    verbs: many(21, (i) => `verb-${rule}-${i}`),
    apiGroups: many(21, (i) => `group-${i}`),
    resources: many(21, (i) => `resources-${i}`),
  }));

it('a role of millions of rights is refused to somebody without them at once', () =>
  holds(async () => {
    for (const [resource, kind] of [
      ['clusterroles', 'ClusterRole'],
      ['namespaces/default/roles', 'Role'],
    ] as const) {
      const { status, text } = await answered(
        weak.post(`${rbacOf(path)}/${resource}`, role('wide', wideRules(200), kind)),
      );
      expect([status, text.includes('attempting to grant RBAC permissions not currently held')]).toEqual([403, true]);
      expect(text.length).toBeLessThan(200_000);
    }
  }));

it('binding, reviewing and holding a role of millions of rights costs nobody else', async () => {
  await done(tenant.post(`${rbacOf(path)}/clusterroles`, role('wide', wideRules(200))));
  await holds(async () => {
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { generateName: 'wide-' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'wide' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'user-2' }],
    };
    await answered(weak.post(`${rbacOf(path)}/clusterrolebindings`, binding));
    await answered(tenant.post(`${rbacOf(path)}/clusterrolebindings`, binding));
    await answered(weak.post(`${rbacOf(path)}/clusterroles`, role('again', wideRules(200))));
    const reviews = `${base(path)}/apis/authorization.k8s.io/v1`;
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    };
    expect((await answered(weak.post(`${reviews}/selfsubjectrulesreviews`, review))).status).toBe(201);
    const attributes = { verb: 'verb-199-20', group: 'group-20', resource: 'resources-20', namespace: 'default' };
    const access = { ...review, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: attributes } };
    await answered(weak.post(`${reviews}/selfsubjectaccessreviews`, access));
    const huge = {
      ...access,
      kind: 'SubjectAccessReview',
      spec: {
        user: 'u',
        groups: many(100_000, (i) => `g${i}`),
        extra: Object.fromEntries(many(10_000, (i) => [`e${i}`, ['v']])),
        resourceAttributes: attributes,
      },
    };
    await answered(tenant.post(`${reviews}/subjectaccessreviews`, huge));
    await tenant.delete(`${rbacOf(path)}/clusterroles/again`);
  });
});

it('selecting among objects of 1.4 MB by labels or fields, in any form of list or watch, parses none of them', async () => {
  const data = { list: many(180_000, () => 'xyzw') };
  const objects = measured ? 24 : 10;
  for (let i = 0; i < objects; i++) await done(tenant.post(widgets, widget(`large-${i}`, { data })));
  const all = `${base(path)}/apis/wild.west/v1alpha1/widgets`;
  await holds(async () => {
    const get = (query: string, accept?: string) =>
      answered(tenant.get(`${all}?${query}`, accept === undefined ? {} : { accept }));
    expect((await get('labelSelector=a')).status).toBe(200);
    expect((await get('labelSelector=a&limit=1')).status).toBe(200);
    expect((await get('fieldSelector=metadata.name=none')).status).toBe(200);
    expect((await get('labelSelector=a&watch=true&timeoutSeconds=1')).status).toBe(200);
    const partial = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    expect((await get('labelSelector=!a', partial)).text.split('"name":"large-')).toHaveLength(objects + 1);
    const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    expect((await get('labelSelector=!a', table)).text.split('"cells":["large-')).toHaveLength(objects + 1);
    expect(
      (await answered(tenant.delete(`${all.replace('/widgets', '/namespaces/default/widgets')}?labelSelector=a`)))
        .status,
    ).toBe(200);
  });
  await holds(async () => {
    const { status, text } = await answered(tenant.get(`${all}?labelSelector=!a&limit=20`));
    expect([status, text.length > 10_000_000]).toEqual([200, true]);
  });
  await answered(tenant.delete(widgets));
});

const jsonPatch = 'application/json-patch+json';

/** A resource of its own with this schema; resolves to where its objects are. */
async function defined(plural: string, schema: object, more: object = {}): Promise<string> {
  const made = definition(plural, { schema });
  const [version] = made.spec.versions;
  await done(
    tenant.post(definitionsOf(path), { ...made, spec: { ...made.spec, versions: [{ ...version, ...more }] } }),
  );
  const collection = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/${plural}`;
  await tenant.until(collection, ({ status }) => status === 200);
  return collection;
}

function nested(depth: number, name = 'a'): object {
  let value: object = {};
  for (let i = 0; i < depth; i++) value = { [name]: value };
  return value;
}

it('columns that descend again and again are empty, and cost nobody else anything', async () => {
  const paths = ['.spec..a..a..a', '.spec..a..a..a..a', '.spec..[?(@..a)]', '..', '.spec.text'];
  const collection = await defined('descents', anySchema, {
    additionalPrinterColumns: [
      ...paths.map((jsonPath, i) => ({ name: `c${i}`, type: 'string', jsonPath })),
      ...many(300, (i) => ({ name: `t${i}`, type: 'string', jsonPath: '.spec.text' })),
    ],
  });
  for (const name of ['one', 'two'])
    await done(
      tenant.post(collection, widget(name, { spec: { ...nested(400), text: 'x'.repeat(100_000) } }, 'Descent')),
    );
  const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
  await holds(async () => {
    for (const url of [collection, `${collection}/one`, `${collection}?watch=true&timeoutSeconds=1`]) {
      const { status, text } = await answered(tenant.get(url, { accept }));
      expect([status, text.length < 20_000_000]).toEqual([200, true]);
    }
  });
});

it('schemas and values that multiply end with the budget of their validation', async () => {
  const item = { type: 'string', anyOf: many(2_000, (i) => ({ enum: [`value-${i}`] })) };
  const alternatives = await defined('choices', {
    type: 'object',
    properties: { spec: { type: 'object', properties: { list: { type: 'array', items: item } } } },
  });
  const deep = (left: number): object =>
    left === 0
      ? { maxLength: 1 }
      : { anyOf: [deep(left - 1), { not: deep(left - 1) }], oneOf: [deep(left - 1), deep(left - 1)] };
  const junctors = await defined('junctors', {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { list: { type: 'array', items: { type: 'string', ...deep(5) } } } },
    },
  });
  const patterns = await defined('patterns', {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'string', pattern: '(a|b)*a(a|b){15}$' } },
          text: { type: 'string', pattern: '^(a+)+$' },
          slow: { type: 'string', pattern: '^a?a?a?a?a?a?a?a?a?a?a?a*b$', maxLength: 1_000_000 },
        },
      },
    },
  });
  const lists = await defined('groups', {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          map: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
            items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: { type: 'integer' } } },
          },
          names: { type: 'array', items: { type: 'string', enum: many(5_000, (i) => `name-${i}`) } },
          filled: {
            type: 'array',
            items: { type: 'object', properties: { text: { type: 'string', default: 'x'.repeat(10_000) } } },
          },
        },
      },
    },
  });
  const texts = (count: number) => many(count, (i) => `x${i}`);
  const of = (kind: string, spec: object) =>
    body({ ...widget('', { spec }, kind), metadata: { generateName: 'made-' } });
  const choice = of('Choice', { list: texts(60_000) });
  const filled = of('Group', { filled: many(100_000, () => ({})) });
  const others: readonly (readonly [string, Buffer])[] = [
    [junctors, of('Junctor', { list: texts(60_000) })],
    [patterns, of('Pattern', { list: many(2_000, (i) => 'abbabaabab'.repeat(20 + (i % 3))) })],
    [patterns, of('Pattern', { text: `${'a'.repeat(900_000)}b`, slow: 'a'.repeat(900_000) })],
    [lists, of('Group', { set: texts(60_000) })],
    [lists, of('Group', { set: many(60_000, () => 'x') })],
    [lists, of('Group', { names: texts(60_000) })],
  ];
  const map = (v: unknown) => ({ map: texts(20_000).map((k) => ({ k, v })) });
  const made = await done(tenant.post(lists, of('Group', map(1))));
  const changed = body({ ...made, spec: map('wrong') });
  await holds(async () => {
    const refused = await answered(tenant.post(alternatives, choice));
    expect([refused.status, refused.text.includes('running out of cost budget')]).toEqual([422, true]);
    for (const [collection, sent] of others) await answered(tenant.post(collection, sent));
    expect((await answered(tenant.put(`${lists}/${made.metadata.name}`, changed))).status).toBe(422);
    expect((await answered(tenant.post(lists, filled))).status).toBe(413);
  });
});

it('patches of many operations on long lists, and of long lists, are applied or refused in time', async () => {
  await done(tenant.post(widgets, widget('long', { spec: { list: many(700_000, () => 0) } })));
  await done(tenant.post(widgets, widget('short', { spec: { list: ['x'.repeat(1_000)] } })));
  const accounts = `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
  const secrets = many(9_000, (i) => ({ name: `s${i}` }));
  await done(tenant.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'many' }, secrets }));
  const operations = (make: (index: number) => object) => many(10_000, make);
  await holds(async () => {
    const patch = (name: string, body: unknown) => answered(tenant.patch(`${widgets}/${name}`, body, jsonPatch));
    await patch(
      'long',
      operations(() => ({ op: 'move', from: '/spec/list/0', path: '/spec/list/-' })),
    );
    await patch(
      'long',
      operations(() => ({ op: 'add', path: '/spec/list/0', value: 1 })),
    );
    await patch(
      'long',
      operations(() => ({ op: 'remove', path: '/spec/list/0' })),
    );
    await patch(
      'long',
      operations(() => ({ op: 'test', path: '/spec', value: {} })),
    );
    await patch(
      'short',
      many(40, (i) => ({ op: 'copy', from: '/spec', path: `/spec/k${i}` })),
    );
    await answered(tenant.patch(`${widgets}/short`, { spec: nested(480) }));
    for (const reversed of [secrets, [...secrets].reverse()]) {
      const body = { secrets: reversed, '$setElementOrder/secrets': reversed };
      await answered(tenant.patch(`${accounts}/many`, body, 'application/strategic-merge-patch+json'));
    }
  });
  await answered(tenant.delete(`${widgets}/long`));
});

it('no way of patching makes an object that nests deeper than a body may', async () => {
  await done(tenant.post(widgets, widget('deep', { spec: {} })));
  const at = (levels: number) => `/spec${'/a'.repeat(levels)}`;
  const steps = many(9, (i) => ({ op: 'add', path: at(i * 450 + 1), value: nested(449) }));
  for (const body of [
    steps,
    many(480, (i) => ({ op: 'add', path: `${at(i)}/a`, value: {} })).concat(steps.slice(0, 1), [
      { op: 'copy', from: '/spec', path: '/spec/b' } as never,
      { op: 'move', from: '/spec/b', path: `${at(460)}/b` } as never,
    ]),
  ]) {
    const { status, text } = await answered(tenant.patch(`${widgets}/deep`, body, jsonPatch));
    expect([status >= 400 && status < 500, text.length < 10_000]).toEqual([true, true]);
  }
  await answered(tenant.patch(`${widgets}/deep`, { spec: nested(400) }));
  for (let i = 0; i < 3; i++) {
    const { status } = await answered(
      tenant.patch(`${widgets}/deep`, [{ op: 'add', path: at(400 + i * 40), value: nested(40) }], jsonPatch),
    );
    expect(status).toBe(i < 2 ? 200 : 422);
  }
  expect((await answered(tenant.get(`${widgets}/deep`, { accept: 'application/yaml' }))).status).toBe(200);
  expect((await answered(tenant.patch(`${widgets}/deep`, { metadata: { labels: { a: 'b' } } }))).status).toBe(200);
});

it('selectors of thousands of terms cost as much as those of one', async () => {
  const labelled = (i: number) => ({ ...widget('', {}), metadata: { name: `small-${i}`, labels: { k: 'none' } } });
  for (let i = 0; i < 1_000; i += 20) await Promise.all(many(20, (k) => done(tenant.post(widgets, labelled(i + k)))));
  await holds(async () => {
    const terms = many(4_000, (i) => `k!=v${i}`).join(',');
    expect((await answered(tenant.get(`${widgets}?labelSelector=${terms}`))).status).toBe(200);
    const values = `k%20notin%20(${many(8_000, (i) => `v${i}`).join(',')})`;
    expect((await answered(tenant.get(`${widgets}?labelSelector=${values}`))).status).toBe(200);
    const fields = many(1_000, (i) => `metadata.name!=n${i}`).join(',');
    expect((await answered(tenant.get(`${widgets}?fieldSelector=${fields}`))).status).toBe(200);
  });
});

it('a change of one binding costs as much among hundreds of large ones as alone', async () => {
  const binding = (name: string, users: number, role_ = 'writer') => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role_ },
    subjects: many(users, (i) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: `${name}-${i}` })),
  });
  const bindings = `${rbacOf(path)}/clusterrolebindings`;
  for (let i = 0; i < 400; i += 20)
    await Promise.all(many(20, (k) => done(tenant.post(bindings, binding(`bulk-${i + k}`, 200)))));
  await holds(async () => {
    for (let i = 0; i < 5; i++) {
      await answered(tenant.post(bindings, binding(`single-${i}`, 1)));
      await answered(tenant.get(`${configMapsOf(path)}`));
      await answered(tenant.patch(`${rbacOf(path)}/clusterroles/writer`, { metadata: { labels: { turn: `l${i}` } } }));
      await answered(tenant.get(`${configMapsOf(path)}`));
      await answered(tenant.delete(`${bindings}/single-${i}`));
    }
  });
});

it('bodies, paths, queries and headers of any shape are read or refused in time', () => {
  const manyNames = JSON.stringify(Object.fromEntries(many(250_000, (i) => [`k${i}`, 0])));
  const lines = 'a: 1\n'.repeat(500_000);
  const metadata = (fields: object) => JSON.stringify({ ...widget('m', {}), metadata: { name: 'm', ...fields } });
  const metadatas = [
    { finalizers: many(100_000, (i) => `a.io/f${i}`) },
    { labels: Object.fromEntries(many(19_000, (i) => [`l${i}`, 'v'])) },
    { annotations: Object.fromEntries(many(19_000, (i) => [`a${i}`, 'v'])) },
    { ownerReferences: many(20_000, (i) => ({ apiVersion: 'v1', kind: 'K', name: `n${i}`, uid: `u${i}` })) },
    { managedFields: many(20_000, (i) => ({ manager: `m${i}`, operation: 'Update', fieldsType: 'FieldsV1' })) },
  ].map(metadata);
  const audiences = body({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: many(50_000, (i) => `audience-${i}`) },
  });
  return holds(async () => {
    const raw = (sent: string, type = 'application/json', query = '') =>
      answered(tenant.request('POST', `${widgets}${query}`, sent, { 'content-type': type }));
    const yaml = 'application/yaml';
    expect((await raw(lines, yaml)).status).toBe(413);
    expect((await raw(`a: [${'0,'.repeat(1_000_000)}0]`, yaml)).status).toBe(413);
    expect((await raw('['.repeat(10_000))).status).toBe(400);
    expect((await raw(manyNames)).status).toBe(413);
    expect((await raw(`[${'[],'.repeat(900_000)}0]`)).status).toBe(413);
    const doubled = `{"apiVersion":"wild.west/v1alpha1","kind":"Widget","metadata":{"name":"d"},"spec":{${'"a":0,'.repeat(250_000)}"a":0}}`;
    const strict = await raw(doubled, 'application/json', '?fieldValidation=Strict');
    expect([strict.status, strict.text.length < 100_000]).toEqual([400, true]);
    await raw(`${doubled.slice(0, -3)}`);
    for (const sent of metadatas) expect((await raw(sent)).text.length).toBeLessThan(3_000_000);
    const protobuf = 'application/vnd.kubernetes.protobuf';
    await raw(`k8s\0${'\n\x02\n\0'.repeat(500_000)}`, protobuf);
    await answered(tenant.post(`${base(path)}/api/v1/namespaces/default/serviceaccounts/default/token`, audiences));
    const accept = many(1_500, (i) => `application/x${i};q=0.1`).join(',');
    await answered(tenant.get(widgets, { accept: `${accept},application/json` }));
    await answered(tenant.get(`${widgets}?${many(8_000, (i) => `a${i}=`).join('&')}`));
    await answered(tenant.get(`${base(path)}/apis${'/a'.repeat(20_000)}`));
  });
});

it('numbers that JSON.parse cannot read are bounded, and those that may come cost nobody else anything', async () => {
  const numbers = (count: number, number: string) => `[${Array<string>(count).fill(number).join()}]`;
  const object = (name: string, list: string) =>
    `{"apiVersion":"wild.west/v1alpha1","kind":"Widget","metadata":{"name":"${name}"},"spec":{"list":${list},"small":${numbers(400_000, '1')}}}`;
  const refusals = [
    object('none', numbers(20_001, '9007199254740993')),
    object('none', numbers(20_001, '1e100')),
    object('none', '9'.repeat(400_000)),
  ].map((text) => Buffer.from(text));
  const large = Buffer.from(object('numbers', numbers(20_000, '9007199254740993')));
  const texts = Buffer.from(object('texts', JSON.stringify(many(20_000, () => ' 9007199254740993, 1e100'))));
  const patch = Buffer.from('{"metadata":{"labels":{"a":"b"}}}');
  await holds(async () => {
    for (const text of refusals) expect((await answered(tenant.request('POST', widgets, text))).status).toBe(413);
    for (const [name, text] of [
      ['numbers', large],
      ['texts', texts],
    ] as const) {
      expect((await answered(tenant.request('POST', widgets, text))).status).toBe(201);
      const merge = { 'content-type': 'application/merge-patch+json' };
      expect((await answered(tenant.request('PATCH', `${widgets}/${name}`, patch, merge))).status).toBe(200);
      expect((await answered(tenant.delete(`${widgets}/${name}`))).status).toBe(200);
    }
  });
});

it('an export of a thousand claims, and a binding that grants them all, cost nobody else, and more are refused', async () => {
  const claimsOf = (count: number) =>
    many(count, (i) => ({ group: 'apis.kcp.io', resource: `resources${i}`, verbs: ['*'] }));
  const claims = claimsOf(1_000);
  const tooMany = body(exportOf('many', { claims: claimsOf(15_000) }));
  const granting = body(bindingTo('many', path, 'claimers', claimsOf(15_000).map(accepted)));
  await done(tenant.post(schemasOf(path), resourceSchema('claimers')));
  const wanted = exportOf('claimers', { resources: [{ plural: 'claimers' }], claims });
  await done(tenant.post(exportsOf(path), wanted));
  const url = `${exportsOf(path)}/claimers`;
  await tenant.until(url, ({ body: found }) => condition(found, 'IdentityValid') === 'True');
  const binding = body(bindingTo('claimers', path, 'claimers', [...claims].reverse().map(accepted)));
  await holds(async () => {
    await answered(tenant.post(bindingsOf(path), binding));
    const bound = `${bindingsOf(path)}/claimers`;
    await tenant.until(bound, ({ body: found }) => condition(found, 'PermissionClaimsApplied') === 'True');
    for (const version of ['v1alpha1', 'v1alpha2']) await answered(tenant.get(bound.replace('v1alpha2', version)));
    await answered(tenant.post(configMapsOf(path), { ...configMap(''), metadata: { generateName: 'made-' } }));
    await answered(tenant.delete(bound));
    await tenant.until(bound, ({ status }) => status === 404);
    for (const [url, sent] of [
      [exportsOf(path), tooMany],
      [bindingsOf(path), granting],
    ] as const)
      expect((await answered(tenant.post(url, sent))).status).toBe(422);
  });
});

it('definitions of 16,000 lines of YAML, and objects of 100,000, are taken without holding anybody up', async () => {
  const fields = many(
    4_000,
    (i) =>
      `              field${i}:\n                type: object\n                properties:\n                  a: {type: string}\n`,
  );
  const yamlDefinition = (plural: string) => {
    const { metadata, spec } = definition(plural, { schema: { type: 'object' } });
    const { versions, ...rest } = spec;
    const [version] = versions;
    return [
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n',
      `metadata: ${JSON.stringify(metadata)}\nspec:\n`,
      ...Object.entries(rest).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`),
      `  versions:\n  - name: ${JSON.stringify(version?.name)}\n    served: true\n    storage: true\n    schema:\n`,
      '      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties:\n',
      ...fields,
    ].join('');
  };
  const yaml = { 'content-type': 'application/yaml' };
  const object = `apiVersion: wild.west/v1alpha1\nkind: Widget\nmetadata: {generateName: yaml-}\nspec:\n  list:\n${'  - a: b\n'.repeat(100_000)}`;
  let made = 0;
  await holds(async () => {
    const defined = await answered(
      tenant.request('POST', definitionsOf(path), yamlDefinition(`longs${made++}s`), yaml),
    );
    expect([defined.status, defined.text.slice(0, 300)]).toEqual([201, expect.any(String)]);
    expect((await answered(tenant.request('POST', widgets, object, yaml))).status).toBe(201);
  });
});

it('a definition is added among many, and described to clients, at the cost of that definition', async () => {
  const properties = Object.fromEntries(
    many(300, (i) => [
      `field${i}`,
      { type: 'object', description: 'A field. '.repeat(5), properties: { a: { type: 'string' } } },
    ]),
  );
  const schema = { type: 'object', properties: { spec: { type: 'object', properties } } };
  for (let i = 0; i < 60; i += 10)
    await Promise.all(
      many(10, (k) => done(tenant.post(definitionsOf(path), definition(`fillers${i + k}s`, { schema })))),
    );
  let made = 0;
  await holds(async () => {
    for (let i = 0; i < 3; i++) {
      const plural = `adds${made++}s`;
      await answered(tenant.post(definitionsOf(path), definition(plural, { schema })));
      await tenant.until(
        `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/${plural}`,
        ({ status }) => status === 200,
      );
    }
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    await answered(tenant.get(`${base(path)}/apis`, { accept: aggregated }));
    for (const document of ['/openapi/v2', '/openapi/v3', '/openapi/v3/apis/wild.west/v1alpha1'])
      expect((await answered(tenant.get(`${base(path)}${document}`))).status).toBe(200);
  });
});

it('exports of hundreds of resources, bound beside each other and claimed one by one, cost nobody else', async () => {
  const count = 300;
  const pluralsOf = (begin: string) => many(count, (i) => `${begin}${i}s`);
  for (const name of ['first', 'second']) {
    const plurals = pluralsOf(name);
    for (const plural of plurals) await done(tenant.post(schemasOf(path), resourceSchema(plural)));
    await done(tenant.post(exportsOf(path), exportOf(name, { resources: plurals.map((plural) => ({ plural })) })));
  }
  const { body: found } = await tenant.until(
    `${exportsOf(path)}/first`,
    (answer) => condition(answer.body, 'IdentityValid') === 'True',
  );
  const identityHash = String(field(found, 'status.identityHash'));
  const claims = pluralsOf('first').map((resource) => ({ group: 'wild.west', resource, verbs: ['*'], identityHash }));
  await done(tenant.post(exportsOf(path), exportOf('claiming', { claims })));
  const cluster = String(found.metadata.annotations?.['kcp.io/cluster']);
  const view = `/services/apiexport/${cluster}/claiming/clusters/*/apis/wild.west/v1alpha1`;
  await tenant.until(view, ({ status }) => status === 200);
  await holds(async () => {
    for (let again = 0; again < 3; again++) expect((await answered(tenant.get(view))).status).toBe(200);
    for (const name of ['first', 'second']) {
      await answered(tenant.post(bindingsOf(path), body(bindingTo(name, path, name))));
      await tenant.until(`${bindingsOf(path)}/${name}`, (answer) => field(answer.body, 'status.phase') === 'Bound');
    }
    for (const name of ['second', 'first']) {
      await answered(tenant.delete(`${bindingsOf(path)}/${name}`));
      await tenant.until(`${bindingsOf(path)}/${name}`, ({ status }) => status === 404);
    }
  });
});
