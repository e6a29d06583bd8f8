import type { ClusterName, KubeObject, ResourceDefinition, StatusError } from '@kcp-ts/api';
import type { SpecialCall } from '@kcp-ts/apiserver';
import { noStrategy, objectKey, serve, storedObject } from '@kcp-ts/registry';
import { compileSchema } from '@kcp-ts/schema';
import { createMemoryStore } from '@kcp-ts/storage';
import { beforeEach, expect, test } from 'vitest';
import { createTokenRequestHandler } from './token-handler.ts';

const definition = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
  subresources: [],
  schema: { type: 'object' },
  dialect: 'builtin',
} as unknown as ResourceDefinition;

const served = serve(definition, {
  identity: '-',
  origin: { kind: 'builtin' },
  schema: compileSchema(definition.schema, { dialect: 'builtin' }),
  strategy: noStrategy,
  fingerprint: '0123456789abcdef',
});

const cluster = 'here' as ClusterName;
const now = '2026-11-21T03:01:37Z';
let ask: (body: unknown, name?: string) => Promise<{ status: number; object: unknown }>;
let issued: unknown[];

beforeEach(async () => {
  const store = createMemoryStore();
  issued = [];
  const handler = createTokenRequestHandler({
    store,
    now: () => now,
    issue: async (account, spec) => {
      issued.push({ account, spec });
      const audiences = spec.audiences ?? ['https://own.example'];
      return { token: 'signed', audiences, expiresMs: Date.parse(now) + spec.expirationSeconds * 1_000 };
    },
  });
  const account: KubeObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'team', uid: 'u1' },
  };
  const key = objectKey(served, cluster, 'team', 'default');
  await store.commit([
    { op: 'put', key, expect: 'absent', value: (revision) => storedObject(served, account, revision, 0) },
  ]);
  const storage = { objectFilter: () => undefined };
  ask = (body, objectName = 'default') =>
    handler.handle({ cluster, storage, served, namespace: 'team', objectName, body } as unknown as SpecialCall);
});

const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };

test('a token is issued to the account that there is', async () => {
  expect(await ask({ ...kind, spec: { expirationSeconds: 600 } })).toEqual({
    status: 201,
    object: {
      ...kind,
      metadata: { name: 'default', namespace: 'team', uid: 'u1', creationTimestamp: now },
      spec: { audiences: ['https://own.example'], expirationSeconds: 600, boundObjectRef: null },
      status: { token: 'signed', expirationTimestamp: '2026-11-21T03:11:37Z' },
    },
  });
  expect(issued).toEqual([
    {
      account: { cluster, namespace: 'team', name: 'default', uid: 'u1' },
      spec: { expirationSeconds: 600, audiences: undefined },
    },
  ]);
});

test('nulls, as kubectl sends them, ask for the defaults', async () => {
  const answer = await ask({ ...kind, spec: { audiences: null, expirationSeconds: null, boundObjectRef: null } });
  expect(answer.object).toMatchObject({ spec: { expirationSeconds: 3600 } });
});

test.each([
  [
    { spec: { expirationSeconds: 599 } },
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ],
  [
    { spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'x' } } },
    'cannot bind token to object of type /v1, Kind=Pod',
  ],
  [{ metadata: { name: 'other' } }, 'the name of the object (other) does not match the name on the URL (default)'],
  [
    { metadata: { namespace: 'other' } },
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    { spec: { audiences: [1] } },
    'TokenRequest in version "v1" cannot be handled as a TokenRequest: a field of spec has the wrong type',
  ],
  [
    { kind: 'Secret' },
    'the body must be a TokenRequest of authentication.k8s.io/v1, not authentication.k8s.io/v1, Kind=Secret',
  ],
])('a request with %j is refused', async (fields, message) => {
  const error = await ask({ ...kind, ...fields }).catch((thrown: StatusError) => thrown);
  expect((error as StatusError).message).toBe(message);
  expect(issued).toEqual([]);
});

test('an account that is not there gets nothing', async () => {
  const error = await ask(kind, 'nobody').catch((thrown: StatusError) => thrown);
  expect((error as StatusError).message).toBe('serviceaccounts "nobody" not found');
});
