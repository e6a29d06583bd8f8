import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf } from './controllers.fixture.ts';
import { createTokenSecrets } from './token-secrets.ts';

const create = (environment: TestEnvironment) =>
  createTokenSecrets({
    ...dependenciesOf(environment),
    caBundle: 'CA',
    issueForSecret: ({ name, uid }, secret) => Promise.resolve(`token of ${name} ${uid} in ${secret}`),
  });

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secretKey = keyOf('c1', '', 'secrets', 's', 'ns');
const accountKey = keyOf('c1', '', 'serviceaccounts', 'robot', 'ns');

const account: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'robot', namespace: 'ns', uid: 'u1' },
};

function secret(parts: { readonly annotations?: object; readonly [field: string]: unknown } = {}): KubeObject {
  const { annotations = { 'kubernetes.io/service-account.name': 'robot' }, ...fields } = parts;
  const metadata = { name: 's', namespace: 'ns', annotations: annotations as Record<string, string> };
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', ...fields, metadata };
}

const ofAccount = (uid: string) => ({
  'kubernetes.io/service-account.name': 'robot',
  'kubernetes.io/service-account.uid': uid,
});
const filled = {
  'ca.crt': base64('CA'),
  namespace: base64('ns'),
  token: base64('token of robot u1 in s'),
};

describe('token-secrets', () => {
  it.each([
    { name: 'gets token, namespace and authorities', before: secret(), data: filled },
    {
      name: 'keeps its token and gets what is missing',
      before: secret({ data: { token: 'dA==' } }),
      data: { ...filled, token: 'dA==' },
    },
    { name: 'of an immutable Secret nothing is changed', before: secret({ immutable: true }), data: undefined },
    { name: 'of another type is not looked at', before: secret({ type: 'Opaque' }), data: undefined },
    { name: 'of no account is not looked at', before: secret({ annotations: {} }), data: undefined },
    { name: 'of an account of another uid goes', before: secret({ annotations: ofAccount('u0') }), data: 'gone' },
  ])('a Secret $name', async ({ before, data }) => {
    await using test = await testController(create, inCluster('c1', account, before));
    const after = test.get<KubeObject & { data?: object }>(secretKey);
    expect(after === undefined ? 'gone' : after.data).toEqual(data);
    if (data === filled) expect(after?.metadata.annotations).toMatchObject(ofAccount('u1'));
  });

  it('a Secret without its account goes, and with finalizers gets its deletionTimestamp', async () => {
    await using test = await testController(create, inCluster('c1', secret()));
    expect(test.get(secretKey)).toBeUndefined();
    const held = secret();
    await test.put(secretKey, { ...held, metadata: { ...held.metadata, finalizers: ['example.com/x'] } });
    expect(test.get<KubeObject>(secretKey)?.metadata.deletionTimestamp).toBeDefined();
  });

  it('the Secrets of an account go with it, and those of others stay', async () => {
    const other = secret({ annotations: { 'kubernetes.io/service-account.name': 'other' } });
    const otherAccount = { ...account, metadata: { ...account.metadata, name: 'other' } };
    const objects = [account, otherAccount, secret(), { ...other, metadata: { ...other.metadata, name: 'o' } }];
    await using test = await testController(create, inCluster('c1', ...objects));
    await test.delete(accountKey);
    expect(test.keys('core/secrets/')).toEqual([keyOf('c1', '', 'secrets', 'o', 'ns')]);
  });
});
