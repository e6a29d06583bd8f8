import { expect, it } from 'vitest';
import { policyAnnotation, wasLimited, withPolicyOf } from './kept-policy.ts';
import type { ApiBinding, ApiExport } from './types.ts';

function exportOf(name: string, limited: boolean): ApiExport {
  const spec = limited ? { maximalPermissionPolicy: { local: {} } } : {};
  return { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name }, spec } as ApiExport;
}

function bindingTo(cluster: string, name: string, annotations?: Readonly<Record<string, string>>): ApiBinding {
  return {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIBinding',
    metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
    spec: { reference: { export: { name } } },
    status: { apiExportClusterName: cluster },
  } as ApiBinding;
}

it('a binding remembers that its export had a policy, and forgets it with the policy', () => {
  const noted = withPolicyOf(exportOf('west', true), 'c1', { a: 'b' });
  expect(noted).toEqual({ a: 'b', [policyAnnotation]: 'local' });
  expect(withPolicyOf(exportOf('west', true), 'c1', noted)).toBe(noted);
  expect(wasLimited(bindingTo('c1', 'west', noted))).toBe(true);
  expect(withPolicyOf(exportOf('west', false), 'c1', noted)).toEqual({ a: 'b' });
  const none = { a: 'b' };
  expect(withPolicyOf(exportOf('west', false), 'c1', none)).toBe(none);
  expect(wasLimited(bindingTo('c1', 'west', none))).toBe(false);
});

it("root's own exports have a policy without a note, and others' exports of such a name have none", () => {
  expect(withPolicyOf(exportOf('tenancy.kcp.io', true), 'root', undefined)).toBeUndefined();
  expect(wasLimited(bindingTo('root', 'tenancy.kcp.io'))).toBe(true);
  expect(wasLimited(bindingTo('c1', 'tenancy.kcp.io'))).toBe(false);
  expect(wasLimited(bindingTo('root', 'west'))).toBe(false);
});
