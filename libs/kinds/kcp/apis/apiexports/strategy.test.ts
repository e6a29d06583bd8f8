import type { KubeObject } from '@kcp-ts/api';
import { describe, expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'apiexports';

function apiExport(spec: object): KubeObject {
  return { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name: 'example.com' }, spec };
}

function resource(name: string, group: string, schema: string) {
  return { name, group, schema };
}

test('an export says under which path others find it', async () => {
  const sent = apiExport({ resources: [resource('widgets', 'example.com', 'v1.widgets.example.com')] });
  sent.metadata.annotations = { 'kcp.io/path': 'root:elsewhere' };
  const made = await createTestRegistry().create(plural, sent);
  expect(made.metadata.annotations).toMatchObject({ 'kcp.io/path': 'root:here' });
});

describe('a resource of an export', () => {
  const refused = (entry: object) => refusal(createTestRegistry().create(plural, apiExport({ resources: [entry] })));

  test('is not built in', async () => {
    expect(await refused(resource('configmaps', '', 'v1.configmaps.core'))).toEqual([
      'spec.resources[0]: Forbidden: configmaps is built in and cannot be exported',
    ]);
  });

  test('has a schema with its own name', async () => {
    expect(await refused(resource('widgets', 'example.com', 'v1.gadgets.example.com'))).toEqual([
      'apiexports.apis.kcp.io "example.com" is forbidden: spec.resources[0].schema: Invalid value: "v1.gadgets.example.com": must end in .widgets.example.com',
    ]);
    expect(await refused(resource('b', 'example.com', 'v1.a.b.example.com'))).toEqual([
      'spec.resources[0].schema: Invalid value: "v1.a.b.example.com": is not the name of a schema of b.example.com',
    ]);
  });
});

test.each([
  ['configmaps', '', true],
  ['apibindings', 'apis.kcp.io', true],
  ['widgets', 'example.com', false],
  ['selfsubjectreviews', 'authentication.k8s.io', false],
])('a claim on %s of the group "%s" without an identity: %s', async (name, group, taken) => {
  const claim = { resource: name, group, verbs: ['get'] };
  const made = createTestRegistry().create(plural, apiExport({ permissionClaims: [claim] }));
  expect(await refusal(made)).toEqual(
    taken
      ? []
      : [
          'apiexports.apis.kcp.io "example.com" is forbidden: spec.permissionClaims[0].identityHash: Invalid value: "": identityHash is required for API types that are not built-in',
        ],
  );
});

test('nobody writes the identity of an export into its status', async () => {
  const on = createTestRegistry();
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const proven = { type: 'IdentityValid', status: 'True', lastTransitionTime };
  const live = await on.seed(plural, {
    ...apiExport({}),
    status: { identityHash: 'real', conditions: [proven] },
  });
  const other = { type: 'Other', status: 'True', lastTransitionTime };
  const written = await on.update(
    plural,
    { ...live, status: { identityHash: 'forged', conditions: [{ ...proven, status: 'False' }, other] } },
    'status',
  );
  expect(written['status']).toEqual({ identityHash: 'real', conditions: [proven, other] });
});
