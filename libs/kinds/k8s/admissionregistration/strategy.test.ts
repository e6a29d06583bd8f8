import { beforeEach, describe, expect, test } from 'vitest';
import type { TestRegistry } from '../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(() => {
  on = createTestRegistry();
});

const rule = { apiGroups: ['none.io'], apiVersions: ['*'], resources: ['x'], operations: ['CREATE'] };

const webhook = (fields: object = {}) => ({
  name: 'a.b.io',
  clientConfig: { url: 'https://127.0.0.1:1/x' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [rule],
  ...fields,
});

const configuration = (kind: string, ...webhooks: object[]) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name: 'k' },
  webhooks,
});

const mutating = (...webhooks: object[]) => configuration('MutatingWebhookConfiguration', ...webhooks);
const refused = (fields: object) => refusal(on.create('mutatingwebhookconfigurations', mutating(webhook(fields))));

test('what is left out is completed, and generations are counted', async () => {
  const made = await on.create('mutatingwebhookconfigurations', mutating(webhook()));
  expect(made).toMatchObject({
    metadata: { generation: 1 },
    webhooks: [
      {
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        timeoutSeconds: 10,
        reinvocationPolicy: 'Never',
        rules: [{ scope: '*' }],
      },
    ],
  });
  const changed = await on.update('mutatingwebhookconfigurations', {
    ...made,
    webhooks: [webhook({ timeoutSeconds: 5 })],
  });
  expect(changed.metadata.generation).toBe(2);
  const validating = await on.create(
    'validatingwebhookconfigurations',
    configuration('ValidatingWebhookConfiguration', webhook()),
  );
  expect((validating['webhooks'] as object[])[0]).not.toHaveProperty('reinvocationPolicy');
});

describe('a client configuration', () => {
  const form = '; desired format: https://host[/path]';
  const url = (text: string, message: string) =>
    [{ url: text }, `webhooks[0].clientConfig.url: Invalid value: ${message}`] as const;

  test.each([
    url('http://a.io/x', `"http": 'https' is the only allowed URL scheme${form}`),
    url('https://', `"": host must be specified${form}`),
    url('https://a.io/x?y', '"y": query parameters are not permitted in the URL'),
    url('https://a.io/x#y', '"y": fragments are not permitted in the URL'),
    url('https://me:secret@a.io/x', '"me": user information is not permitted in the URL'),
    url('nowhere', `"nowhere": url must be a valid URL${form}`),
    [{}, 'webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    [
      { service: { namespace: 'a', name: 'b' } },
      'webhooks[0].clientConfig.service: Forbidden: webhooks in services are not supported, since a workspace runs none; use url',
    ],
  ] as const)('%j is refused', async (clientConfig, message) => {
    expect(await refused({ clientConfig })).toEqual([message]);
  });
});

test.each([
  [
    { name: 'a.b' },
    'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
  ],
  [
    { sideEffects: 'Some' },
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  ],
  [
    { timeoutSeconds: 31 },
    'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
  ],
  [{ failurePolicy: 'Odd' }, 'webhooks[0].failurePolicy: Unsupported value: "Odd": supported values: "Fail", "Ignore"'],
  [
    { admissionReviewVersions: [] },
    'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
  ],
  [
    { admissionReviewVersions: ['v2'] },
    'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
  ],
  [
    { rules: [{ ...rule, operations: ['*', 'CREATE'] }] },
    'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
  ],
  [
    { rules: [{ ...rule, resources: ['x/*', 'x/y'] }] },
    'webhooks[0].rules[0].resources[1]: Invalid value: "x/y": if \'x/*\' is present, must not specify x/y',
  ],
  [{ rules: [{ ...rule, apiGroups: [] }] }, 'webhooks[0].rules[0].apiGroups: Required value'],
  [
    { rules: [{ ...rule, scope: 'Odd' }] },
    'webhooks[0].rules[0].scope: Unsupported value: "Odd": supported values: "*", "Cluster", "Namespaced"',
  ],
  [
    { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    "webhooks[0].namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
  [
    { matchConditions: [{ name: 'a', expression: 'true' }] },
    'webhooks[0].matchConditions: Forbidden: CEL expressions are not supported yet by this server',
  ],
])('a webhook with %j is refused', async (fields, message) => {
  expect(await refused(fields)).toEqual([message]);
});

test('names of webhooks are unique', async () => {
  expect(await refusal(on.create('mutatingwebhookconfigurations', mutating(webhook(), webhook())))).toContain(
    'webhooks[1].name: Duplicate value: "a.b.io"',
  );
});

test('side effects must be named', async () => {
  const { sideEffects: _s, ...bare } = webhook();
  expect(await refusal(on.create('mutatingwebhookconfigurations', mutating(bare)))).toEqual([
    'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
  ]);
});
