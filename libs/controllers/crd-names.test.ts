import type { CustomResourceDefinition } from '@kcp-ts/sharing';
import { expect, it } from 'vitest';
import { decideNames, establishedCondition, takenNames } from './crd-names.ts';

const definition = {
  metadata: { name: 'gizmoz.rec.io' },
  spec: {
    group: 'rec.io',
    names: {
      plural: 'gizmoz',
      singular: 'gizmo',
      shortNames: ['gi'],
      kind: 'Gizmo',
      listKind: 'GizmoList',
      categories: ['recs'],
    },
    versions: [],
  },
} as unknown as CustomResourceDefinition;

it('free names are accepted and establish the definition', () => {
  const { acceptedNames, condition } = decideNames(definition, takenNames([]));
  expect(acceptedNames).toEqual(definition.spec.names);
  expect(condition).toMatchObject({ status: 'True', reason: 'NoConflicts' });
  expect(establishedCondition(condition, [])).toMatchObject({ status: 'True', reason: 'InitialNamesAccepted' });
});

it('of names that others have the last is reported, and the free ones are accepted', () => {
  const { acceptedNames, condition } = decideNames(
    definition,
    takenNames([{ plural: 'gizmos', singular: 'gizmo', shortNames: ['gi'], kind: 'Gizmo', listKind: 'GizmoList' }]),
  );
  expect(condition).toEqual({
    type: 'NamesAccepted',
    status: 'False',
    reason: 'ListKindConflict',
    message: '"GizmoList" is already in use',
  });
  expect(acceptedNames).toEqual({ plural: 'gizmoz', kind: '', categories: ['recs'] });
  expect(establishedCondition(condition, [])).toMatchObject({ status: 'False', reason: 'NotAccepted' });
});

it('a definition that was established stays so', () => {
  const before = [{ type: 'Established', status: 'True', lastTransitionTime: '' }] as const;
  expect(establishedCondition({ type: 'NamesAccepted', status: 'False' }, before)).toBeUndefined();
});
