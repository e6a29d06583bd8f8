import type { KubeObject } from '@kcp-ts/api';
import { bindingFinalizer, claimLabelPrefix, exportHash, exportLabel, reflexiveClaimHash } from '@kcp-ts/sharing';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'apibindings';
const reference = { export: { path: 'root:org', name: 'widgets' } };

function binding(spec: object = {}, labels?: Record<string, string>): KubeObject {
  const metadata = { name: 'widgets', ...(labels === undefined ? {} : { labels }) };
  return { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIBinding', metadata, spec: { reference, ...spec } };
}

test('a binding has the labels of its export and a finalizer, whatever the client says', async () => {
  const forged = { [exportLabel]: 'other', [`${claimLabelPrefix}other`]: reflexiveClaimHash, a: 'b' };
  const made = await createTestRegistry().create(plural, binding({}, forged));
  const hash = exportHash('org', 'widgets');
  expect(made.metadata.labels).toEqual({
    a: 'b',
    [exportLabel]: hash,
    [`${claimLabelPrefix}${hash}`]: reflexiveClaimHash,
  });
  expect(made.metadata.finalizers).toEqual([bindingFinalizer]);
});

test('a binding is made by who may bind the export', async () => {
  const on = createTestRegistry({ deps: { mayBind: () => false } });
  expect(await refusal(on.create(plural, binding()))).toEqual([
    'apibindings.apis.kcp.io "widgets" is forbidden: unable to create APIBinding: no permission to bind to export root:org:widgets',
  ]);
});

test('the export of a binding stays', async () => {
  const on = createTestRegistry();
  const made = await on.create(plural, binding());
  const other = { ...made, spec: { reference: { export: { path: 'root:org', name: 'gadgets' } } } };
  expect(await refusal(on.update(plural, other))).toEqual([
    'spec.reference: Invalid value: APIExport reference must not be changed',
  ]);
});

test.each([
  [{ matchAll: true }, []],
  [
    { matchAll: true, matchLabels: { a: 'b' } },
    ['matchLabels: Invalid value: matchLabels cannot be used with matchAll'],
  ],
  [
    { matchAll: true, matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    ['matchExpressions: Invalid value: matchExpressions cannot be used with matchAll'],
  ],
])('a claim with the selector %j', async (selector, causes) => {
  const claim = { group: '', resource: 'configmaps', verbs: ['get'], state: 'Accepted', selector };
  const made = createTestRegistry().create(plural, binding({ permissionClaims: [claim] }));
  expect(await refusal(made)).toEqual(causes.map((cause) => `spec.permissionClaims[0].selector.${cause}`));
});

test('what is bound is not for clients to write', async () => {
  const on = createTestRegistry();
  const schema = { name: 'v1.widgets.example.com', UID: 'u', identityHash: 'i' };
  const bound = { group: 'example.com', resource: 'widgets', schema, storageVersions: ['v1'] };
  const live = await on.seed(plural, {
    ...binding(),
    status: { apiExportClusterName: 'org', boundResources: [bound] },
  });
  const written = await on.update(
    plural,
    { ...live, status: { apiExportClusterName: 'forged', boundResources: [], phase: 'Bound' } },
    'status',
  );
  expect(written['status']).toEqual({ apiExportClusterName: 'org', boundResources: [bound], phase: 'Bound' });
});
