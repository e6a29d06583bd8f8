import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'customresourcedefinitions';
let on: TestRegistry;

beforeEach(() => {
  on = createTestRegistry();
});

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object' } },
});

const definition = (group = 'rec.io', annotations: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gizmos.${group}`, annotations },
  spec: { group, scope: 'Namespaced', names: { plural: 'gizmos', kind: 'Gizmo' }, versions: [version('v1', true)] },
});

test('a definition is completed, finalized and not established yet', async () => {
  const sent = {
    ...definition(),
    status: { storedVersions: ['v0'], acceptedNames: { plural: 'x', kind: 'X' }, conditions: [] },
  };
  expect(await on.create(plural, sent)).toMatchObject({
    metadata: { generation: 1, finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
    spec: { names: { singular: 'gizmo', listKind: 'GizmoList' }, conversion: { strategy: 'None' } },
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
  });
});

test.each(['apis.kcp.io', 'a.apis.kcp.io'])('the group %s belongs to the server', async (group) => {
  const [message] = await refusal(on.create(plural, definition(group)));
  expect(message).toContain(`is forbidden: ${group} is a reserved group`);
});

test('so do annotations of that group, on updates too', async () => {
  const text = 'apis.kcp.io/bound-crd is a reserved annotation';
  const annotations = { 'apis.kcp.io/bound-crd': 'x' };
  expect((await refusal(on.create(plural, definition('rec.io', annotations))))[0]).toContain(text);
  const made = await on.create(plural, definition());
  const changed = on.update(plural, { ...made, metadata: { ...made.metadata, annotations } });
  expect((await refusal(changed))[0]).toContain(text);
});

test('a status names versions that there are', async () => {
  const made = await on.create(plural, definition());
  const write = (storedVersions: string[]) =>
    on.update(plural, { ...made, status: { ...(made['status'] as object), storedVersions } }, 'status');
  expect(await refusal(write(['v0', 'v1']))).toHaveLength(1);
  expect(await refusal(write(['v1']))).toEqual([]);
});

test('a definition that is not valid is refused in the words of Kubernetes', async () => {
  expect(await refusal(on.create(plural, definition('k8s.io')))).toEqual([
    'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
  ]);
});

test.each([null, []])('a definition with the versions %j is refused', async (versions) => {
  const sent = definition();
  const errors = await refusal(on.create(plural, { ...sent, spec: { ...sent.spec, versions } }));
  expect(errors.some((text) => text.startsWith('spec.versions'))).toBe(true);
});
