import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey, sliceKey } from '@kcp-ts/sharing';
import { describe, expect, it } from 'vitest';
import { createApiExportIdentity, identityHashOf } from './api-export-identity.ts';
import { dependenciesOf, inCluster, keyOf, testTime } from './controllers.fixture.ts';

const create =
  (takesContent = true) =>
  (environment: TestEnvironment) =>
    createApiExportIdentity({
      ...dependenciesOf(environment),
      caBundle: 'CA',
      pathOf: (cluster) => `root:${cluster}`,
      takesContent: () => takesContent,
    });

const key = exportKey('c1', 'e');
const secretKey = keyOf('c1', '', 'secrets', 'e', 'kcp-system');

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (text: string, name = 'e', namespace = 'kcp-system'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  data: { key: base64(text) },
});
const hashOf = (text: string) => identityHashOf(secret(text)) ?? '';

function apiExport(
  parts: { readonly metadata?: object; readonly secretRef?: object; readonly status?: object } = {},
): KubeObject {
  const { metadata, secretRef, status } = parts;
  return {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name: 'e', ...metadata },
    spec: secretRef === undefined ? {} : { identity: { secretRef } },
    ...(status === undefined ? {} : { status }),
  };
}

const own = { namespace: 'kcp-system', name: 'e' };

type Tested = Awaited<ReturnType<typeof testController>>;

function identity(test: Tested): readonly [hash: string | undefined, valid: string | undefined] {
  const status = test.get<ApiExport>(key)?.status;
  const condition = status?.conditions?.find(({ type }: Condition) => type === 'IdentityValid');
  return [status?.identityHash, condition?.status];
}

describe('apiexport-identity', () => {
  it('gives an export a secret, its hash, and an endpoint slice, with the namespace that they need', async () => {
    await using test = await testController(create(), inCluster('c1', apiExport()));
    const made = test.get<KubeObject>(secretKey);
    const hash = made && identityHashOf(made);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(identity(test)).toEqual([hash, 'True']);
    expect(test.get<ApiExport>(key)).toMatchObject({
      metadata: { generation: 2 },
      spec: { identity: { secretRef: own } },
    });
    expect(test.get(keyOf('c1', '', 'namespaces', 'kcp-system'))).toBeDefined();
    expect(test.get<KubeObject>(sliceKey('c1', 'e'))?.['spec']).toEqual({ export: { name: 'e', path: 'root:c1' } });
  });

  it('gives one to an export that is made later', async () => {
    await using test = await testController(create());
    await test.put(key, apiExport());
    expect(identity(test)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'True']);
  });

  it.each([
    {
      name: 'the secret that it names',
      given: apiExport({ secretRef: own }),
      secrets: [secret('s1')],
      expected: [hashOf('s1'), 'True'],
    },
    {
      name: 'a secret of its name that is there already',
      given: apiExport(),
      secrets: [secret('s1')],
      expected: [hashOf('s1'), 'True'],
    },
    {
      name: 'none without its secret',
      given: apiExport({ secretRef: own }),
      secrets: [],
      expected: [undefined, 'False'],
    },
    {
      name: 'the one that it had, and a condition, where the secret is another',
      given: apiExport({ secretRef: own, status: { identityHash: hashOf('s0') } }),
      secrets: [secret('s1')],
      expected: [hashOf('s0'), 'False'],
    },
    {
      name: 'the one of its secret where it had none that is one',
      given: apiExport({ secretRef: own, status: { identityHash: 'forged' } }),
      secrets: [secret('s1')],
      expected: [hashOf('s1'), 'True'],
    },
    {
      name: 'none while it is being deleted',
      given: apiExport({ metadata: { deletionTimestamp: testTime, finalizers: ['x.io/y'] } }),
      secrets: [],
      expected: [undefined, undefined],
    },
  ])('an export has the identity of $name', async ({ given, secrets, expected }) => {
    await using test = await testController(create(), inCluster('c1', given, ...secrets));
    expect(identity(test)).toEqual(expected);
  });

  it('makes nothing in a cluster that takes no content', async () => {
    await using test = await testController(create(false), inCluster('c1', apiExport()));
    expect(test.keys('')).toEqual([key]);
  });

  it('makes no slice where the export says so', async () => {
    const annotations = { 'apiexports.apis.kcp.io/skip-endpointslice': 'true' };
    await using test = await testController(create(), inCluster('c1', apiExport({ metadata: { annotations } })));
    expect(test.get(sliceKey('c1', 'e'))).toBeUndefined();
  });

  it('follows the secret that an export names, and no other', async () => {
    await using test = await testController(create(), inCluster('c1', apiExport({ secretRef: own })));
    await test.put(secretKey, secret('s1'));
    expect(identity(test)).toEqual([hashOf('s1'), 'True']);
    await test.put(secretKey, secret('s2'));
    expect(identity(test)).toEqual([hashOf('s1'), 'False']);
    await test.put(secretKey, secret('s1'));
    expect(identity(test)).toEqual([hashOf('s1'), 'True']);
    test.reconciled();
    await test.put(keyOf('c1', '', 'secrets', 'e', 'other'), secret('s1', 'e', 'other'));
    expect(test.reconciled()).toEqual([]);
  });

  it('looks after a start only at exports whose status says other than the secret proves', async () => {
    const valid = (hash: string) => ({
      identityHash: hash,
      conditions: [{ type: 'IdentityValid', status: 'True', lastTransitionTime: testTime }],
    });
    const right = apiExport({ secretRef: own, status: valid(hashOf('s1')) });
    await using settled = await testController(create(), inCluster('c1', right, secret('s1')));
    expect(settled.reconciled()).toEqual([]);
    await using changed = await testController(create(), inCluster('c1', right, secret('s2')));
    expect(changed.reconciled()).toContain(key);
    expect(identity(changed)).toEqual([hashOf('s1'), 'False']);
  });
});
