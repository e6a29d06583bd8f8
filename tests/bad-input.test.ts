/** What is wrong is refused with the right Status, and the server serves on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, ApiClient } from './harness/api-client.ts';
import {
  base,
  configMap,
  configMapsOf,
  define,
  definition,
  definitionsOf,
  done,
  field,
  makeWorkspace,
  resourceSchema,
  schemasOf,
  workspacesOf,
} from './harness/objects.ts';
import type { TestServer } from './harness/server.ts';
import { startServer } from './harness/server.ts';

let server: TestServer;
let admin: ApiClient;
const path = 'root:bad';
const url = configMapsOf(path);

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'bad', { type: { path: 'root', name: 'universal' } });
  await define(admin, path, 'horses');
  await done(admin.post(url, configMap('good')));
});

afterAll(() => server[Symbol.asyncDispose]());

afterEach(async () => {
  expect((await admin.get(`${url}/good`)).status).toBe(200);
});

function refused(answer: Answer, code: number, reason: string, message: string | RegExp): void {
  expect(answer.status, answer.text.slice(0, 500)).toBe(code);
  expect(answer.body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
  expect(String(field(answer.body, 'message'))).toMatch(message);
}

const json = (text: string) => admin.request('POST', url, text);
const typed = (method: string, to: string, body: string, type: string) =>
  admin.request(method, to, body, { 'content-type': type });

describe('bodies', () => {
  it('broken JSON is a bad request', async () => {
    for (const text of ['{"apiVersion":"v1",', '{"a":1}}', '\u0000', '{"a":"\n"}', "{'a':1}", '{"a":01}'])
      refused(await json(text), 400, 'BadRequest', /./);
  });

  it('a body that is no object is a bad request', async () => {
    for (const text of ['', '[]', '1', 'null', '"text"', 'true']) refused(await json(text), 400, 'BadRequest', /./);
  });

  it('broken YAML is a bad request', async () => {
    for (const text of ['a: [', 'a: b: c', '\tkind: ConfigMap', '"open', '%YAML 9', 'a: *nothing', '--- a\n--- b'])
      refused(await typed('POST', url, text, 'application/yaml'), 400, 'BadRequest', /./);
  });

  it('ten megabytes are too large', async () => {
    const body = JSON.stringify(configMap('large', { data: { a: 'x'.repeat(10 * 1024 * 1024) } }));
    refused(await admin.request('POST', url, body), 413, 'RequestEntityTooLarge', /limit/);
    refused(
      await typed('PATCH', `${url}/good`, body, 'application/merge-patch+json'),
      413,
      'RequestEntityTooLarge',
      /limit/,
    );
  });

  it('a value that is too large for its object is invalid', async () => {
    const large = configMap('large', { data: { a: 'x'.repeat(1_200_000) } });
    refused(await admin.post(url, large), 422, 'Invalid', /may not be more than 1048576 bytes/);
  });

  it('JSON that is nested too deep is a bad request', async () => {
    for (const deep of [501, 10_000, 500_000])
      refused(await json(`{"a":${'['.repeat(deep)}${']'.repeat(deep)}}`), 400, 'BadRequest', /depth|deep|nest/);
  });

  it('__proto__ makes nobody anything', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"__proto__":{"polluted":"yes"},"data":{"a":"b"}}';
    refused(await json(body), 400, 'BadRequest', /__proto__/);
    refused(await json(body.replace('"__proto__"', '"\\u005f_proto__"')), 400, 'BadRequest', /__proto__/);
    refused(
      await typed(
        'POST',
        url,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: proto}\n__proto__: {polluted: "yes"}\n',
        'application/yaml',
      ),
      400,
      'BadRequest',
      /__proto__/,
    );
    refused(
      await typed('PATCH', `${url}/good`, '{"__proto__":{"polluted":"yes"}}', 'application/merge-patch+json'),
      400,
      'BadRequest',
      /__proto__/,
    );
    const patched = await typed(
      'PATCH',
      `${url}/good`,
      '[{"op":"add","path":"/__proto__/polluted","value":"yes"}]',
      'application/json-patch+json',
    );
    expect([400, 422], patched.text).toContain(patched.status);
    const constructed = await typed(
      'PATCH',
      `${url}/good`,
      '[{"op":"add","path":"/constructor/prototype/polluted","value":"yes"}]',
      'application/json-patch+json',
    );
    expect([400, 422], constructed.text).toContain(constructed.status);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keys that objects inherit are ordinary data', async () => {
    const data = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', valueOf: 'd' };
    const made = await admin.post(url, configMap('inherited', { data }));
    expect(made.status, made.text).toBe(201);
    expect(made.body['data']).toEqual(data);
  });

  it('wrong content types are not supported', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data']) {
      refused(await typed('POST', url, '{}', type), 415, 'UnsupportedMediaType', /unknown format/);
      refused(await typed('PATCH', `${url}/good`, '{}', type), 415, 'UnsupportedMediaType', /Unsupported Media Type/);
      // Which options a patch may have depends on its type, which is looked at first.
      const apply = `${url}/good?force=true&fieldManager=me`;
      refused(await typed('PATCH', apply, '{}', type), 415, 'UnsupportedMediaType', /Unsupported Media Type/);
    }
  });

  it('an Accept that the server cannot serve is not acceptable', async () => {
    refused(
      await admin.get(url, { accept: 'text/html;q=0.1,image/png' }),
      406,
      'NotAcceptable',
      /only the following media types are accepted/,
    );
  });
});

describe('objects', () => {
  it('an unknown or doubled field under Strict is a bad request', async () => {
    refused(
      await admin.post(`${url}?fieldValidation=Strict`, { ...configMap('strict'), extra: 1 }),
      400,
      'BadRequest',
      /strict decoding error: unknown field "extra"/,
    );
    refused(
      await admin.request(
        'POST',
        `${url}?fieldValidation=Strict`,
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{},"data":{}}',
      ),
      400,
      'BadRequest',
      /duplicate field "data"/,
    );
    refused(
      await admin.post(`${url}?fieldValidation=Loud`, configMap('loud')),
      422,
      'Invalid',
      /fieldValidation: Unsupported value: "Loud"/,
    );
  });

  it('a wrong kind or version is a bad request', async () => {
    refused(await admin.post(url, { ...configMap('kind'), kind: 'Secret' }), 400, 'BadRequest', /Secret/);
    refused(await admin.post(url, { ...configMap('kind'), apiVersion: 'v2' }), 400, 'BadRequest', /v2/);
    refused(
      await admin.post(`${base(path)}/apis/wild.west/v1alpha1/namespaces/default/horses`, {
        apiVersion: 'wild.west/v1',
        kind: 'Horse',
        metadata: { name: 'a' },
      }),
      400,
      'BadRequest',
      /./,
    );
  });

  it('wrong types of fields are refused', async () => {
    const wrong = await admin.post(url, configMap('types', { data: { a: 1 } }));
    expect([400, 422], wrong.text).toContain(wrong.status);
    const labels = await admin.post(url, { ...configMap('labels'), metadata: { name: 'labels', labels: ['a'] } });
    expect([400, 422], labels.text).toContain(labels.status);
    const metadata = await admin.post(url, { ...configMap('labels'), metadata: 'none' });
    expect([400, 422], metadata.text).toContain(metadata.status);
    refused(
      await admin.post(`${base(path)}/apis/wild.west/v1alpha1/namespaces/default/horses`, {
        apiVersion: 'wild.west/v1alpha1',
        kind: 'Horse',
        metadata: { name: 'a' },
        spec: { herd: 'many' },
      }),
      422,
      'Invalid',
      /spec.herd/,
    );
  });

  it('an immutable field is invalid to change', async () => {
    await done(admin.post(url, configMap('fixed', { immutable: true })));
    refused(
      await admin.patch(`${url}/fixed`, { data: { a: '2' } }),
      422,
      'Invalid',
      /field is immutable when `immutable` is set/,
    );
    refused(
      await admin.patch(`${workspacesOf('root')}/bad`, { spec: { type: { name: 'other' } } }),
      422,
      'Invalid',
      /immutable/,
    );
    const uid = await admin.patch(`${url}/good`, { metadata: { uid: 'other' } });
    refused(uid, 422, 'Invalid', /metadata\.uid: Invalid value: "other": field is immutable/);
    refused(
      await admin.put(`${url}/good`, { ...configMap('good'), metadata: { name: 'good', uid: 'other' } }),
      409,
      'Conflict',
      /UID/,
    );
  });

  it('a name with a slash is invalid, in the body and in the path', async () => {
    for (const name of ['a/b', '../a', 'a%2fb', '.', '..', 'UPPER', 'a b', 'ä', 'x'.repeat(254), '-a', '']) {
      const made = await admin.post(url, configMap(name));
      expect([422], `${name} ${made.text}`).toContain(made.status);
      expect(field(made.body, 'reason')).toBe('Invalid');
    }
    for (const name of ['a%2Fb', '..%2Fa', '%2e%2e', 'a%00b', '%zz']) {
      const read = await admin.get(`${url}/${name}`);
      expect([400, 404], `${name} ${read.text}`).toContain(read.status);
    }
    refused(await admin.put(`${url}/other`, configMap('good')), 400, 'BadRequest', /does not match/);
  });

  it('a name that no key holds well is invalid, also where nearly every name is good', async () => {
    const roles = `${base(path)}/apis/rbac.authorization.k8s.io/v1/clusterroles`;
    const role = (metadata: object) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata });
    for (const [name, why] of [
      ['a\u0000b', /metadata.name: .*may not contain control characters/],
      ['a\nb', /metadata.name: .*may not contain control characters/],
      ['a\u009fb', /metadata.name: .*may not contain control characters/],
      ['a\ud800', /metadata.name: .*may not contain half of a surrogate pair/],
      ['\udc00\ud800', /metadata.name: .*may not contain half of a surrogate pair/],
    ] as const) {
      refused(await admin.post(roles, role({ name })), 422, 'Invalid', why);
      refused(await admin.post(roles, role({ generateName: name })), 422, 'Invalid', /metadata.generateName/);
    }
    expect((await admin.post(roles, role({ name: 'a b:\u{1f600}ä' }))).status).toBe(201);
  });

  it('a namespace in the body that is not the one of the path is a bad request', async () => {
    refused(
      await admin.post(url, { ...configMap('a'), metadata: { name: 'a', namespace: 'other' } }),
      400,
      'BadRequest',
      /namespace/,
    );
    refused(
      await admin.post(`${base(path)}/api/v1/namespaces/missing/configmaps`, configMap('a')),
      404,
      'NotFound',
      /namespaces "missing" not found/,
    );
  });
});

describe('queries', () => {
  it('bad selectors are bad requests', async () => {
    for (const selector of ['a==b==c', 'a in (', '!', 'a notin', '=b', 'a>b,'])
      refused(await admin.get(`${url}?labelSelector=${encodeURIComponent(selector)}`), 400, 'BadRequest', /./);
    for (const selector of ['spec.nothing=1', 'metadata.name', 'metadata.name~a'])
      refused(await admin.get(`${url}?fieldSelector=${encodeURIComponent(selector)}`), 400, 'BadRequest', /./);
  });

  it('bad resourceVersions are refused', async () => {
    for (const version of ['abc', '-1', '1.5', '1e3']) {
      const answer = await admin.get(`${url}?resourceVersion=${version}`);
      expect([400, 422], answer.text).toContain(answer.status);
      const watch = await admin.get(`${url}?watch=true&timeoutSeconds=1&resourceVersion=${version}`);
      expect([400, 422], watch.text).toContain(watch.status);
    }
    const matched = await admin.get(`${url}?resourceVersionMatch=Exact`);
    expect([400, 422], matched.text).toContain(matched.status);
    const conflicting = await admin.put(`${url}/good`, {
      ...configMap('good'),
      metadata: { name: 'good', resourceVersion: '1' },
    });
    refused(conflicting, 409, 'Conflict', /the object has been modified/);
    const nonsense = await admin.put(`${url}/good`, {
      ...configMap('good'),
      metadata: { name: 'good', resourceVersion: 'abc' },
    });
    expect([400, 409, 422], nonsense.text).toContain(nonsense.status);
  });

  it('bad continue tokens, limits and switches are refused', async () => {
    for (const query of ['continue=nonsense', 'continue=e30', 'limit=many', 'timeoutSeconds=soon']) {
      const answer = await admin.get(`${url}?${query}`);
      refused(answer, 400, 'BadRequest', /./);
    }
    const dry = await admin.post(`${url}?dryRun=Some`, configMap('dry'));
    expect([400, 422], dry.text).toContain(dry.status);
  });

  it('bad patches are refused', async () => {
    for (const patch of ['{}', '[{"op":"jump","path":"/a"}]', '[{"op":"remove"}]', '[1]']) {
      const answer = await typed('PATCH', `${url}/good`, patch, 'application/json-patch+json');
      expect([400, 422], `${patch} ${answer.text}`).toContain(answer.status);
    }
    refused(
      await typed('PATCH', `${url}/good`, '[{"op":"remove","path":"/nothing"}]', 'application/json-patch+json'),
      422,
      'Invalid',
      /./,
    );
    refused(await typed('PATCH', `${url}/good`, '[]', 'application/merge-patch+json'), 400, 'BadRequest', /./);
    const many = JSON.stringify(
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })),
    );
    refused(
      await typed('PATCH', `${url}/good`, many, 'application/json-patch+json'),
      413,
      'RequestEntityTooLarge',
      /10000/,
    );
  });

  it('bad paths are not found or bad requests', async () => {
    for (const bad of [
      '/clusters/',
      '/clusters/UPPER/api',
      '/clusters/a b/api'.replace(' ', '%20'),
      '/clusters/root%2F..%2Fx/api',
      '/clusters/root/api/v1/nothing',
      '/clusters/root/apis/nothing/v1/things',
      '//clusters/root/api',
      '/clusters/root//api/v1',
    ]) {
      const answer = await admin.get(bad);
      expect([301, 400, 403, 404], `${bad} ${answer.text.slice(0, 200)}`).toContain(answer.status);
    }
    refused(await admin.request('TRACE', url), 405, 'MethodNotAllowed', /./);
  });
});

describe('schemas', () => {
  const bad: readonly { readonly name: string; readonly schema: object; readonly says: RegExp }[] = [
    { name: 'a $ref', schema: { type: 'object', properties: { a: { $ref: '#/properties/a' } } }, says: /\$ref/ },
    { name: 'a $ref to itself', schema: { $ref: '#' }, says: /\$ref|type/ },
    { name: 'a field without a type', schema: { type: 'object', properties: { a: {} } }, says: /type/ },
    { name: 'a wrong type', schema: { type: 'object', properties: { a: { type: 'thing' } } }, says: /type/ },
    {
      name: 'rules in CEL',
      schema: { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] },
      says: /x-kubernetes-validations/,
    },
    {
      name: 'a broken pattern',
      schema: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
      says: /pattern/,
    },
    {
      name: 'additionalProperties next to properties',
      schema: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      says: /additionalProperties/,
    },
    {
      name: 'a default of the wrong type',
      schema: { type: 'object', properties: { a: { type: 'integer', default: 'x' } } },
      says: /default/,
    },
  ];
  for (const { name, schema, says } of bad) {
    it(`a definition with ${name} is invalid`, async () => {
      refused(await admin.post(definitionsOf(path), definition('wrongs', { schema })), 422, 'Invalid', says);
    });
  }

  it('an APIResourceSchema with a $ref is refused', async () => {
    const answer = await admin.post(
      schemasOf(path),
      resourceSchema('wrongs', { schema: { type: 'object', properties: { a: { $ref: '#' } } } }),
    );
    expect([403, 422], answer.text).toContain(answer.status);
    expect(answer.text).toMatch(/\$ref/);
  });

  it('a pattern that explodes in other engines is only a pattern', async () => {
    await define(admin, path, 'mazes', {
      schema: { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
    });
    const started = performance.now();
    refused(
      await admin.post(`${base(path)}/apis/wild.west/v1alpha1/namespaces/default/mazes`, {
        apiVersion: 'wild.west/v1alpha1',
        kind: 'Maze',
        metadata: { name: 'a' },
        a: `${'a'.repeat(50_000)}b`,
      }),
      422,
      'Invalid',
      /a: Invalid value/,
    );
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

it('a body that was refused in the middle keeps no connection open when the server stops', async () => {
  const other = await startServer();
  const body = JSON.stringify(configMap('large', { data: { a: 'x'.repeat(10 * 1024 * 1024) } }));
  refused(await other.admin.request('POST', configMapsOf('root'), body), 413, 'RequestEntityTooLarge', /limit/);
  const started = performance.now();
  await other[Symbol.asyncDispose]();
  expect(performance.now() - started).toBeLessThan(3_000);
});

describe('objects of kcp', () => {
  it('of the wrong shape are refused, and no fault of ours', async () => {
    const types = `${base(path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
    const exports = `${base(path)}/apis/apis.kcp.io/v1alpha2/apiexports`;
    const type = (spec: object) => ({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'WorkspaceType',
      metadata: { name: 'odd' },
      spec,
    });
    const offer = (spec: object) => ({
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIExport',
      metadata: { name: 'odd' },
      spec,
    });
    for (const [url, body] of [
      [types, type({ extend: { with: [{ name: 'x', path: 12 }] } })],
      [types, type({ limitAllowedParents: { types: [3, null] } })],
      [exports, offer({ resources: [{ name: 'things', group: 'odd.io' }] })],
      [exports, offer({ resources: [{ group: 'odd.io', schema: 'today.things.odd.io' }] })],
      [exports, offer({ resources: [{ name: 5, group: {}, schema: [] }] })],
    ] as const) {
      const answer = await admin.post(url, body);
      expect([400, 422], `${JSON.stringify(body)}: ${answer.text}`).toContain(answer.status);
    }
  });
});
