/**
 * Numbers come back as Go's API servers give them, by whatever way they came in: integers of up to
 * 64 bits with all their digits, others as floats.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from './harness/api-client.ts';
import {
  base,
  bind,
  condition,
  define,
  definition,
  definitionsOf,
  done,
  makeWorkspace,
  provide,
  virtualWorkspace,
} from './harness/objects.ts';
import type { TestServer } from './harness/server.ts';
import { startServer } from './harness/server.ts';

const path = 'root:numbers';
const url = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/sizes`;
const exact = ['9007199254740993', '1764403200123456789', '9223372036854775807', '-9223372036854775808'];
const large = '1764403200123456789';

const spec = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    size: { type: 'integer', format: 'int64' },
    x: { type: 'number' },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
    items: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, v: { type: 'string' } } },
    },
  },
};

let server: TestServer;
let admin: ApiClient;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'numbers', { type: { path: 'root', name: 'universal' } });
  await define(admin, path, 'sizes', {
    schema: { type: 'object', properties: { spec } },
    selectableFields: [{ jsonPath: '.spec.size' }],
  });
});

afterAll(() => server[Symbol.asyncDispose]());

const object = (name: string, text: string) =>
  `{"apiVersion":"wild.west/v1alpha1","kind":"Size","metadata":{"name":"${name}"},"spec":${text}}`;

const create = (name: string, text: string) => admin.request('POST', url, object(name, text));

/** The JSON text of an object's spec. */
const specOf = ({ text }: { readonly text: string }) => /"spec":(\{.*\})\}\n?$/.exec(text)?.[1] ?? text;

it.each(exact)('%s is created, read, listed, and shown as YAML as it was sent', async (number) => {
  const name = `n${number.replace('-', 'm')}`;
  const text = `{"size":${number},"free":[${number},{"deep":${number}}]}`;
  expect(specOf(await create(name, text))).toBe(text);
  expect(specOf(await admin.get(`${url}/${name}`))).toBe(text);
  expect((await admin.get(`${url}?fieldSelector=metadata.name%3D${name}`)).text).toContain(`"spec":${text}`);
  const yaml = await admin.get(`${url}/${name}`, { accept: 'application/yaml' });
  expect(yaml.text).toContain(`size: ${number}\n`);
  expect(yaml.text).toContain(`- deep: ${number}\n`);
});

it('a watch shows it, and so does the virtual workspace of an export, through which it is written', async () => {
  const provider = await makeWorkspace(admin, 'root', 'provider');
  const consumer = await makeWorkspace(admin, 'root', 'consumer');
  await provide(admin, provider.path, 'exact', 'sizes', [], { schema: { type: 'object', properties: { spec } } });
  await bind(admin, consumer.path, provider.path, 'exact');
  const virtual = await virtualWorkspace(admin, provider.path, 'exact');
  const sizes = '/apis/wild.west/v1alpha1/namespaces/default/sizes';
  const text = `{"size":${large},"free":{"a":${large}}}`;
  const inside = `${virtual}/clusters/${consumer.cluster}${sizes}`;
  expect(specOf(await admin.request('POST', inside, object('exact', text)))).toBe(text);
  const patch = `[{"op":"test","path":"/spec/free/a","value":${large}},{"op":"add","path":"/spec/free/b","value":${large}}]`;
  const patched = await admin.request('PATCH', `${inside}/exact`, patch, {
    'content-type': 'application/json-patch+json',
  });
  const after = `{"size":${large},"free":{"a":${large},"b":${large}}}`;
  expect(specOf(patched)).toBe(after);
  expect((await admin.get(`${virtual}/clusters/*/apis/wild.west/v1alpha1/sizes`)).text).toContain(`"spec":${after}`);
  for (const to of [`${base(consumer.path)}${sizes}`, inside]) {
    const watch = await admin.get(`${to}?watch=1&timeoutSeconds=1&labelSelector=!x`);
    expect(watch.text).toContain(`"spec":${after}`);
  }
});

it('floats are written as Go writes them', async () => {
  const made = await create('floats', '{"x":1.0,"free":[1e3,0.1,1.10,1e-7,123456789012345680000,1.5e300,1e21]}');
  expect(specOf(made)).toBe('{"x":1,"free":[1000,0.1,1.1,1e-7,123456789012345680000,1.5e+300,1e+21]}');
});

it('a number that is larger than any is a bad request', async () => {
  const { status, text } = await create('infinite', '{"free":1e400}');
  expect(status).toBe(400);
  expect(text).toContain('json: cannot unmarshal number 1e400 into Go value of type float64');
});

it('YAML is read exactly, also where it is long', async () => {
  const yaml = (name: string, more: string) =>
    `apiVersion: wild.west/v1alpha1\nkind: Size\nmetadata: {name: ${name}}\nspec:\n  size: ${large}\n  hex: 0x7fffffffffffffff\n${more}`;
  for (const [name, more] of [
    ['short', ''],
    ['long', `  list:\n${'  - 1\n'.repeat(2_000)}`],
  ] as const) {
    const made = await admin.request('POST', url, yaml(name, more), { 'content-type': 'application/yaml' });
    expect(specOf(made)).toContain(`"size":${large},"hex":9223372036854775807`);
  }
});

it('patches keep what they do not touch, set what they say, and test exactly', async () => {
  await done(create('patched', `{"size":${large},"free":{"a":${large},"b":1}}`));
  const patch = (body: string, type: string) =>
    admin.request('PATCH', `${url}/patched`, body, { 'content-type': type });
  const merged = await patch('{"spec":{"free":{"b":9007199254740993}}}', 'application/merge-patch+json');
  expect(specOf(merged)).toBe(`{"size":${large},"free":{"a":${large},"b":9007199254740993}}`);
  const json = (operations: string) => patch(`[${operations}]`, 'application/json-patch+json');
  const wrong = await json('{"op":"test","path":"/spec/size","value":1764403200123456788}');
  expect(wrong.status).toBe(422);
  const right = await json(
    `{"op":"test","path":"/spec/size","value":${large}},{"op":"add","path":"/spec/free/c","value":-9223372036854775808}`,
  );
  expect(specOf(right)).toContain('"c":-9223372036854775808');
});

it('a strategic merge patch of a built-in kind is exact in what it holds', async () => {
  const maps = `${base(path)}/api/v1/namespaces/default/configmaps`;
  const last = `{"data":{"size":${large}}}`;
  await done(
    admin.post(maps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'last', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': last } },
    }),
  );
  const answer = await admin.request('PATCH', `${maps}/last`, '{"metadata":{"generation":9223372036854775807}}', {
    'content-type': 'application/strategic-merge-patch+json',
  });
  expect(answer.status).toBe(200);
  expect(answer.body.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']).toBe(last);
});

it('an update that changes the last digit is one, and one that changes nothing is none', async () => {
  const made = await done(create('updated', `{"size":${large}}`));
  const named = `"name":"updated","resourceVersion":"${made.metadata.resourceVersion}"`;
  const put = (text: string) =>
    admin.request('PUT', `${url}/updated`, object('updated', text).replace('"name":"updated"', named));
  const same = await put(`{"size":${large}}`);
  expect(same.body.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  const other = await put('{"size":1764403200123456788}');
  expect(other.body.metadata.generation).toBe(2);
  expect(specOf(other)).toBe('{"size":1764403200123456788}');
});

it('lists are sets of exact values, and their items are found by exact keys', async () => {
  expect((await create('set', '{"set":[9007199254740992,9007199254740993]}')).status).toBe(201);
  const doubled = await create('doubled', '{"set":[9007199254740993,9007199254740993]}');
  expect(doubled.text).toContain('spec.set[1]: Duplicate value: 9007199254740993');
  expect((await create('map', '{"items":[{"id":9007199254740992},{"id":9007199254740993}]}')).status).toBe(201);
});

it('a field selector finds the exact value', async () => {
  await done(create('selected', '{"size":9007199254740995}'));
  const names = async (value: string) => {
    const list = await admin.get<{ items: { metadata: { name: string } }[] }>(
      `${url}?fieldSelector=spec.size%3D${value}`,
    );
    return list.body.items.map(({ metadata }) => metadata.name);
  };
  expect(await names('9007199254740995')).toEqual(['selected']);
  expect(await names('9007199254740996')).toEqual([]);
});

it('schemas compare, default and print exactly', async () => {
  const properties =
    `{"d":{"type":"integer","default":${large}},"e":{"type":"integer","enum":[9007199254740993]},` +
    '"top":{"type":"integer","maximum":9007199254740992},"third":{"type":"integer","multipleOf":3}}';
  const made = definition('bounds', {
    schema: { type: 'object', properties: { spec: { type: 'object', properties: 'PROPERTIES' } } },
  });
  const [version] = made.spec.versions;
  const columns = [{ name: 'N', type: 'integer', jsonPath: '.spec.d' }];
  Object.assign(version ?? {}, { additionalPrinterColumns: columns });
  const text = JSON.stringify(made).replace('"PROPERTIES"', properties);
  await done(admin.request('POST', definitionsOf(path), text));
  const read = await admin.until(
    `${definitionsOf(path)}/bounds.wild.west`,
    ({ body }) => condition(body, 'Established')?.startsWith('True') === true,
  );
  expect(read.text).toContain(`"default":${large}`);
  const bounds = url.replace('sizes', 'bounds');
  const post = (name: string, value: string) =>
    admin.request('POST', bounds, object(name, value).replace('Size', 'Bound'));
  expect(specOf(await post('defaulted', '{}'))).toBe(`{"d":${large}}`);
  expect((await post('one-of', '{"e":9007199254740993}')).status).toBe(201);
  expect((await post('none-of', '{"e":9007199254740992}')).text).toContain(
    'Unsupported value: 9007199254740992: supported values: \\"9007199254740993\\"',
  );
  expect((await post('above', '{"top":9007199254740993}')).text).toContain(
    'spec.top: Invalid value: 9007199254740993: spec.top in body should be less than or equal to 9007199254740992',
  );
  expect((await post('third', '{"third":9007199254740993}')).status).toBe(201);
  expect((await post('no-third', '{"third":9007199254740994}')).text).toContain('should be a multiple of 3');
  const table = await admin.get(`${bounds}/defaulted`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  expect(table.text).toContain(`"cells":["defaulted",${large}]`);
});

it('a typed field of 32 bits refuses more, in the words of Go', async () => {
  const leases = `${base(path)}/apis/coordination.k8s.io/v1/namespaces/default/leases`;
  for (const [seconds, shown] of [
    ['2147483648', '2147483648'],
    ['1.5', '1.5'],
    [large, large],
  ] as const) {
    const { status, text } = await admin.request(
      'POST',
      leases,
      `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"leaseDurationSeconds":${seconds}}}`,
    );
    expect(status).toBe(400);
    expect(text).toContain(
      `json: cannot unmarshal number ${shown} into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32`,
    );
  }
});
