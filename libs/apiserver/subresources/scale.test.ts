import type { ClusterName, KubeObject, ResourceDefinition, StatusError } from '@kcp-ts/api';
import { createSystemTurns } from '@kcp-ts/base';
import type { RegistryDependencies } from '@kcp-ts/registry';
import { noAdmission, objectKey, servedObject, storedObject } from '@kcp-ts/registry';
import { createMemoryStore } from '@kcp-ts/storage';
import { beforeEach, expect, test } from 'vitest';
import { gizmos, serveGizmos } from '../gizmos.fixture.ts';
import type { SpecialCall } from '../server-dependencies.ts';
import { createScaleHandler } from './scale.ts';

const definition: ResourceDefinition = {
  ...gizmos,
  verbs: ['get', 'update', 'patch'],
  subresources: [
    { name: 'status', verbs: ['get', 'update', 'patch'] },
    { name: 'scale', verbs: ['get', 'update', 'patch'] },
  ],
  scale: {
    specReplicasPath: '.spec.size',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
  schema: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { size: { type: 'integer', maximum: 10 }, color: { type: 'string' } } },
      status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
    },
  },
};

const served = serveGizmos(definition, { kind: 'crd', name: 'gizmos.rec.io', terminating: false });

const cluster = 'here' as ClusterName;
const key = objectKey(served, cluster, 'default', 'ok');
const created = '2026-11-21T03:01:45Z';
let store: ReturnType<typeof createMemoryStore>;
let handle: (method: string, body?: unknown, type?: string) => Promise<{ status: number; object: unknown }>;

async function put(fields: object): Promise<void> {
  const metadata = { name: 'ok', namespace: 'default', uid: 'u', creationTimestamp: created, generation: 1 };
  const object = { apiVersion: 'rec.io/v1', kind: 'Gizmo', metadata, ...fields } as KubeObject;
  await store.commit([
    {
      op: 'put',
      key,
      expect: store.peek(key)?.revision ?? 'absent',
      value: (revision) => storedObject(served, object, revision, 0),
    },
  ]);
}

function stored(): KubeObject {
  return servedObject(served, store.get(key)?.value ?? new Uint8Array());
}

beforeEach(async () => {
  store = createMemoryStore();
  const clock = { now: () => 0, monotonic: () => 0, setTimer: () => ({ [Symbol.dispose]: () => undefined }) };
  const registry: RegistryDependencies = {
    store,
    clock,
    turns: createSystemTurns(clock),
    random: { bytes: (length) => new Uint8Array(length), uuid: () => 'u', integer: () => 0 },
    shardNumber: 0,
    admission: noAdmission,
    logicalClusterKey: () => undefined,
  };
  const handler = createScaleHandler({ store, registry });
  handle = (method, body, type = 'application/json') => {
    const request = {
      method,
      user: { name: 'ann', groups: [] },
      warnings: [],
      query: { get: () => undefined, all: () => [], has: () => false },
      exchange: { headers: { 'content-type': type } },
    };
    const storage = { objectFilter: () => undefined };
    return handler.handle({
      request,
      cluster,
      storage,
      served,
      namespace: 'default',
      objectName: 'ok',
      body,
    } as unknown as SpecialCall);
  };
  await put({ spec: { size: 3, color: 'red' }, status: { replicas: 2, selector: 'a=b' } });
});

async function refusal(attempt: Promise<unknown>): Promise<StatusError> {
  return attempt.then(
    () => expect.unreachable('was not refused'),
    (thrown: StatusError) => thrown,
  );
}

test('a scale shows what the paths of the definition point at', async () => {
  const { resourceVersion } = stored().metadata;
  expect(await handle('GET')).toEqual({
    status: 200,
    object: {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'ok', namespace: 'default', uid: 'u', resourceVersion, creationTimestamp: created },
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    },
  });
});

test('an object without replicas has no scale', async () => {
  await put({ spec: {} });
  expect((await refusal(handle('GET'))).message).toBe(
    'Internal error occurred: the spec replicas field ".spec.size" does not exist',
  );
});

test.each([
  ['a merge patch', { spec: { replicas: 5 } }, 'application/merge-patch+json'],
  ['a JSON patch', [{ op: 'replace', path: '/spec/replicas', value: 5 }], 'application/json-patch+json'],
])('%s changes the replicas alone', async (_name, body, type) => {
  const answer = await handle('PATCH', body, type);
  expect(answer).toMatchObject({ status: 200, object: { spec: { replicas: 5 }, status: { replicas: 2 } } });
  expect(stored()).toMatchObject({
    metadata: { generation: 2 },
    spec: { size: 5, color: 'red' },
    status: { replicas: 2 },
  });
  expect((answer.object as KubeObject).metadata.resourceVersion).toBe(stored().metadata.resourceVersion);
});

test('a scale is replaced only where it is still the one that was read', async () => {
  const { object } = await handle('GET');
  const scale = object as KubeObject;
  await handle('PUT', { ...scale, spec: { replicas: 4 } });
  expect(stored()['spec']).toEqual({ size: 4, color: 'red' });
  expect((await refusal(handle('PUT', { ...scale, spec: { replicas: 6 } }))).reason).toBe('Conflict');
});

test.each([
  [
    { kind: 'Gizmo', apiVersion: 'rec.io/v1' },
    400,
    'the body must be a Scale of autoscaling/v1, not rec.io/v1, Kind=Gizmo',
  ],
  [[], 400, 'the body of a scale must be an object of kind Scale'],
  [
    { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'other' } },
    400,
    'the name of the object (other) does not match the name on the URL (ok)',
  ],
  [
    { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 'x' } },
    400,
    'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32',
  ],
  [
    { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: -1 } },
    422,
    'Gizmo.rec.io "ok" is invalid: .spec.size: Invalid value: -1: should be a non-negative integer',
  ],
])('a PUT of %j is refused', async (body, code, message) => {
  expect(await refusal(handle('PUT', body))).toMatchObject({ code, message });
});

test('the schema of the resource holds for its scale', async () => {
  const error = await refusal(handle('PATCH', { spec: { replicas: 11 } }, 'application/merge-patch+json'));
  expect(error.message).toContain('spec.size');
});

test('a strategic merge patch is not for custom resources', async () => {
  const error = await refusal(handle('PATCH', {}, 'application/strategic-merge-patch+json'));
  expect(error.code).toBe(415);
});
