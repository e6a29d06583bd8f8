import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'one', namespace: 'default' };
const secret = (fields: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata, ...fields });
const encoded = (text: string) => Buffer.from(text).toString('base64');

test('stringData is written into data and never shown', async () => {
  const made = await on.create('secrets', secret({ data: { a: 'eA==', c: 'eg==' }, stringData: { a: 'b' } }));
  expect(made).toMatchObject({ data: { a: 'Yg==', c: 'eg==' }, type: 'Opaque' });
  expect(made['stringData']).toBeUndefined();
});

test('a key may be called as members of objects are', async () => {
  const stringData = JSON.parse('{"__proto__":"b","constructor":"c"}') as object;
  const made = await on.create('secrets', secret({ stringData }));
  expect(JSON.stringify(made['data'])).toBe('{"__proto__":"Yg==","constructor":"Yw=="}');
});

test('line breaks in base64 are not stored', async () => {
  expect(await on.create('secrets', secret({ data: { a: 'Yg\n==' } }))).toMatchObject({ data: { a: 'Yg==' } });
});

test('keys have legal names', async () => {
  const [message] = await refusal(on.create('secrets', secret({ data: { 'a b': '' } })));
  expect(message).toBe(
    "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  );
  expect(await refusal(on.create('secrets', secret({ data: { '..': '' } })))).toEqual([
    'data[..]: Invalid value: "..": must not be \'..\'',
  ]);
});

test('all values together have at most a mebibyte', async () => {
  const half = Buffer.alloc(600_000).toString('base64');
  expect(await refusal(on.create('secrets', secret({ data: { a: half, b: half } })))).toEqual([
    'data: Too long: may not be more than 1048576 bytes',
  ]);
});

test.each([
  ['kubernetes.io/tls', {}, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
  ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }, []],
  ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]: Required value']],
  ['kubernetes.io/basic-auth', { username: '' }, []],
  ['kubernetes.io/basic-auth', {}, ['data[username]: Required value', 'data[password]: Required value']],
  ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
  ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': encoded('{}') }, []],
  [
    'kubernetes.io/dockerconfigjson',
    { '.dockerconfigjson': encoded('[]') },
    [
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
  ],
  [
    'kubernetes.io/service-account-token',
    {},
    ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  ],
  ['example.io/any', {}, []],
])('a secret of type %s with data %j: %j', async (type, data, messages) => {
  expect(await refusal(on.create('secrets', secret({ type, data })))).toEqual(messages);
});

test('the type stays', async () => {
  await on.create('secrets', secret({ type: 'example.io/any' }));
  expect(await refusal(on.update('secrets', secret({ type: 'Opaque' })))).toEqual([
    'type: Invalid value: "Opaque": field is immutable',
  ]);
});
