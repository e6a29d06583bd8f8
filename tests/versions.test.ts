/**
 * Kinds of several versions: what is written is judged by the version that it is written in, and is
 * served in all.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from './harness/api-client.ts';
import { base, condition, custom, definition, definitionsOf, done, field, makeWorkspace } from './harness/objects.ts';
import type { TestServer } from './harness/server.ts';
import { startServer } from './harness/server.ts';

const path = 'root:versions';
const urlOf = (version: string) => `${base(path)}/apis/wild.west/${version}/namespaces/default/barns`;

let server: TestServer;
let admin: ApiClient;

const specOf = (properties: object) => ({
  openAPIV3Schema: {
    type: 'object',
    properties: { spec: { type: 'object', properties }, status: { type: 'object', properties } },
  },
});

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'versions', { type: { path: 'root', name: 'universal' } });
  const barns = definition('barns');
  const [version] = barns.spec.versions;
  const size = { type: 'integer' };
  const versions = [
    { ...version, schema: specOf({ size: { ...size, maximum: 10 }, doors: { type: 'integer', default: 2 } }) },
    { ...version, name: 'v2', storage: false, schema: specOf({ size, doors: { type: 'integer', maximum: 1 } }) },
  ];
  await done(admin.post(definitionsOf(path), { ...barns, spec: { ...barns.spec, versions } }));
  await admin.until(
    `${definitionsOf(path)}/barns.wild.west`,
    ({ body }) => condition(body, 'Established')?.startsWith('True') === true,
  );
});

afterAll(() => server[Symbol.asyncDispose]());

const barn = (version: string, name: string, spec: object, more: object = {}) => ({
  ...custom('Barn', name, { spec, ...more }),
  apiVersion: `wild.west/${version}`,
});

it('an object is created that is valid in the version of the request', async () => {
  const made = await admin.post(urlOf('v2'), barn('v2', 'large', { size: 20 }));
  expect(made.status, made.text).toBe(201);
  expect(made.body['spec']).toEqual({ size: 20, doors: 2 });
  expect((await admin.get(`${urlOf('v1alpha1')}/large`)).body['spec']).toEqual({ size: 20, doors: 2 });
  const { status, text } = await admin.post(urlOf('v1alpha1'), barn('v1alpha1', 'too-large', { size: 20 }));
  expect(status).toBe(422);
  expect(text).toContain('spec.size in body should be less than or equal to 10');
  const doors = await admin.post(urlOf('v2'), barn('v2', 'open', { doors: 2 }));
  expect(doors.text).toContain('spec.doors in body should be less than or equal to 1');
});

it('integers of 64 bits are exact in all versions', async () => {
  const spec = '{"size":9223372036854775807,"doors":1}';
  const made = await admin.post(urlOf('v2'), barn('v2', 'exact', { size: 2n ** 63n - 1n, doors: 1 }));
  expect(made.text).toContain(`"spec":${spec}`);
  for (const version of ['v1alpha1', 'v2'])
    expect((await admin.get(`${urlOf(version)}/exact`)).text).toContain(`"spec":${spec}`);
});

it('it is changed by what is valid in the version of the request, its status too', async () => {
  await done(admin.post(urlOf('v1alpha1'), barn('v1alpha1', 'changed', { size: 1 })));
  const patch = (version: string, body: object, subresource = '') =>
    admin.patch(`${urlOf(version)}/changed${subresource}`, body);
  expect((await patch('v1alpha1', { spec: { size: 30 } })).status).toBe(422);
  const larger = await patch('v2', { spec: { size: 30 } });
  expect(larger.status, larger.text).toBe(200);
  expect(field(larger.body, 'metadata.generation')).toBe(2);
  const status = await patch('v2', { status: { size: 40 } }, '/status');
  expect(status.status, status.text).toBe(200);
  expect((await patch('v1alpha1', { status: { size: 50 } }, '/status')).status).toBe(422);
  // What was as invalid before may stay.
  const other = await patch('v1alpha1', { spec: { doors: 3 } });
  expect(other.status, other.text).toBe(200);
});
