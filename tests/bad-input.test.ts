/** What a client may send wrongly, what it is told, and that the server serves on. */
import type { Status } from '@kcp-ts/meta';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from './harness/api-client.ts';
import type { TestServer } from './harness/server.ts';
import { startServer } from './harness/server.ts';

const path = '/clusters/root/api/v1/namespaces/default/configmaps';
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

function configMap(metadata: object, more: object = {}): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...more });
}

function definition(schema: object): string {
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'bads.bad.io' },
    spec: {
      group: 'bad.io',
      scope: 'Namespaced',
      names: { plural: 'bads', singular: 'bad', kind: 'Bad', listKind: 'BadList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
}

describe('bad input', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const definitions = '/clusters/root/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const cases: readonly (readonly [
    what: string,
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
    code: number,
    reason: string,
    message: RegExp,
  ])[] = [
    ['broken JSON', 'POST', path, '{"a":', json, 400, 'BadRequest', /unexpected end of JSON input|invalid character/],
    ['broken YAML', 'POST', path, 'a: [b', yaml, 400, 'BadRequest', /yaml|json/i],
    [
      'a body of 10 MB',
      'POST',
      path,
      configMap({ name: 'big' }, { data: { a: 'x'.repeat(10_000_000) } }),
      json,
      413,
      'RequestEntityTooLarge',
      /limit/,
    ],
    [
      'a value of 1.2 MB',
      'POST',
      path,
      configMap({ name: 'big' }, { data: { a: 'x'.repeat(1_200_000) } }),
      json,
      422,
      'Invalid',
      /may not be more than 1048576 bytes/,
    ],
    ['JSON that is too deep', 'POST', path, nested(100_000), json, 400, 'BadRequest', /depth|deep|nest/i],
    [
      'YAML that doubles itself',
      'POST',
      path,
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n`,
      yaml,
      400,
      'BadRequest',
      /./,
    ],
    [
      'an unknown field under Strict',
      'POST',
      `${path}?fieldValidation=Strict`,
      configMap({ name: 'a' }, { nope: 1 }),
      json,
      400,
      'BadRequest',
      /unknown field "nope"/,
    ],
    [
      'another kind',
      'POST',
      path,
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
      json,
      400,
      'BadRequest',
      /cannot be handled as a ConfigMap/,
    ],
    ['a name with a slash', 'POST', path, configMap({ name: 'a/b' }), json, 422, 'Invalid', /RFC 1123 subdomain/],
    ['a name with an encoded slash in the URL', 'GET', `${path}/a%2Fb`, undefined, {}, 404, 'NotFound', /not found/],
    [
      'another content type',
      'POST',
      path,
      'hello',
      { 'content-type': 'text/plain' },
      415,
      'UnsupportedMediaType',
      /accepted media types include/,
    ],
    [
      'a label selector that is none',
      'GET',
      `${path}?labelSelector=a%20in%20(`,
      undefined,
      {},
      400,
      'BadRequest',
      /unable to parse/,
    ],
    [
      'a field selector on another field',
      'GET',
      `${path}?fieldSelector=data.a%3D1`,
      undefined,
      {},
      400,
      'BadRequest',
      /not a known field selector/,
    ],
    [
      'a resourceVersion that is none',
      'GET',
      `${path}?resourceVersion=abc`,
      undefined,
      {},
      400,
      'BadRequest',
      /resource ?version/i,
    ],
    [
      'a continue token that is none',
      'GET',
      `${path}?limit=1&continue=abc`,
      undefined,
      {},
      400,
      'BadRequest',
      /continue key is not valid/,
    ],
    [
      'a workspace path that is none',
      'GET',
      '/clusters/Root%20x/api/v1/namespaces',
      undefined,
      {},
      400,
      'BadRequest',
      /does not match the regex/,
    ],
    [
      'a path with the prefix twice',
      'GET',
      '/clusters/root/clusters/root/api/v1/namespaces',
      undefined,
      {},
      404,
      'NotFound',
      /./,
    ],
    [
      'a schema with a reference',
      'POST',
      definitions,
      definition({ type: 'object', properties: { a: { $ref: '#/properties/a' } } }),
      json,
      422,
      'Invalid',
      /\$ref/,
    ],
    [
      'a schema with CEL rules',
      'POST',
      definitions,
      definition({ type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] }),
      json,
      422,
      'Invalid',
      /x-kubernetes-validations/,
    ],
    [
      'a method that a collection does not have',
      'PATCH',
      path,
      '{}',
      { 'content-type': 'application/merge-patch+json' },
      405,
      'MethodNotAllowed',
      /does not allow this method/,
    ],
  ];

  it.each(cases)('%s is refused with its reason', async (_what, method, at, body, headers, code, reason, message) => {
    const answer: Answer<Status> = await server.admin.request(method, at, body, headers);
    expect(answer.body).toMatchObject({ kind: 'Status', code, reason });
    expect(answer.status).toBe(code);
    expect(answer.body.message).toMatch(message);
  });

  it('an immutable field stays as it is', async () => {
    await server.admin.post('/clusters/root/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
    });
    const answer = await server.admin.patch<Status>('/clusters/root/api/v1/namespaces/default/secrets/s', {
      type: 'other',
    });
    expect(answer.body).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(answer.body.message).toContain('field is immutable');
  });

  it("a prototype is nobody's to change", async () => {
    const answer = await server.admin.request<Status>(
      'POST',
      path,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p"},"__proto__":{"polluted":true}}',
      json,
    );
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('the server serves on', async () => {
    const answer = await server.admin.post(path, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'after-all' },
    });
    expect(answer.status).toBe(201);
  });
});
