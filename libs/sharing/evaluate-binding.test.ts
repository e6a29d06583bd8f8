import { describe, expect, it } from 'vitest';
import type { BindingReader } from './evaluate-binding.ts';
import { evaluateBinding } from './evaluate-binding.ts';
import type { ApiBinding, ApiExport, ApiResourceSchema, CustomResourceDefinition } from './types.ts';

const hash = 'a'.repeat(64);

const now = '2026-11-21T00:00:00Z';
const binding: ApiBinding = {
  apiVersion: '',
  kind: 'APIBinding',
  metadata: { name: 'own' },
  spec: { reference: { export: { path: 'root:provider', name: 'things' } } },
};
const source: ApiExport = {
  apiVersion: '',
  kind: 'APIExport',
  metadata: { name: 'things' },
  spec: { resources: [{ name: 'things', group: 'share.io', schema: 'v1.things.share.io' }] },
  status: { identityHash: hash },
};
const schema = {
  apiVersion: '',
  kind: 'APIResourceSchema',
  metadata: { name: 'v1.things.share.io', uid: 'uid' },
  spec: {
    group: 'share.io',
    names: { plural: 'things', kind: 'Thing' },
    scope: 'Cluster',
    versions: [{ name: 'v1', served: true, storage: true }],
  },
} as ApiResourceSchema;

function reader(changes: Partial<BindingReader> = {}): BindingReader {
  return {
    resolve: () => 'provider',
    export: () => source,
    schema: () => schema,
    boundSchema: () => undefined,
    otherBindings: () => [],
    definitions: () => [],
    ...changes,
  };
}

function evaluate(changes: Partial<BindingReader> = {}, of: ApiBinding = binding) {
  const { status, schemas } = evaluateBinding(of, 'consumer', reader(changes), now, true);
  const reasons = Object.fromEntries(
    (status.conditions ?? []).map(({ type, status: is, reason }) => [type, reason ?? is]),
  );
  return { status, schemas, reasons };
}

describe('a binding', () => {
  it('keeps the identity that it was bound with, and is not ready while its export has another one', () => {
    const bound = { ...binding, status: evaluate().status };
    const other = { ...source, status: { identityHash: 'b'.repeat(64) } };
    const { status, schemas, reasons } = evaluate({ export: () => other }, bound);
    expect(status.boundResources).toEqual(bound.status.boundResources);
    expect(schemas).toEqual([]);
    expect(reasons).toMatchObject({ APIExportValid: 'IdentityMismatch', Ready: 'IdentityMismatch' });
    // As it was, once the secret is back.
    expect(evaluate({}, { ...bound, status }).reasons).toMatchObject({ APIExportValid: 'True', Ready: 'True' });
  });

  it('is bound when everything that it refers to is there', () => {
    const { status, schemas, reasons } = evaluate();
    expect(status.phase).toBe('Bound');
    expect(status.boundResources).toEqual([
      {
        group: 'share.io',
        resource: 'things',
        schema: { name: 'v1.things.share.io', UID: 'uid', identityHash: hash },
        storageVersions: ['v1'],
      },
    ]);
    expect(schemas).toEqual([schema]);
    expect(reasons['Ready']).toBe('True');
  });

  it('waits for an export that is not there, without an identity, or without its schemas', () => {
    expect(evaluate({ export: () => undefined }).reasons['APIExportValid']).toBe('APIExportNotFound');
    expect(evaluate({ export: () => ({ ...source, status: {} }) }).reasons['APIExportValid']).toBe(
      'MissingIdentityHash',
    );
    const missing = evaluate({ schema: () => undefined });
    expect(missing.reasons).toMatchObject({
      APIExportValid: 'InternalError',
      InitialBindingCompleted: 'WaitingForEstablished',
    });
    expect(missing.status.phase).toBe('Binding');
  });

  it('does not take a resource that another binding or a CRD holds', () => {
    const other = {
      ...binding,
      metadata: { name: 'share' },
      status: {
        boundResources: [{ group: 'share.io', resource: 'things', schema: { name: '', UID: 'x', identityHash: 'y' } }],
      },
    };
    const conflict = evaluate({ otherBindings: () => [other] });
    expect(conflict.reasons['InitialBindingCompleted']).toBe('NamingConflicts');
    expect(conflict.status.conditions?.find(({ type }) => type === 'Ready')?.message).toBe(
      'Unable to bind APIs because they are bound by other APIBindings or CRDs: map[things.share.io:{share false}]',
    );
    const definition = {
      metadata: { name: 'things.share.io' },
      spec: { group: 'share.io', names: { plural: 'things', kind: 'Thing' } },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    };
    expect(
      evaluate({ definitions: () => [definition as unknown as CustomResourceDefinition] }).reasons[
        'InitialBindingCompleted'
      ],
    ).toBe('NamingConflicts');
  });

  it('that was bound once stays Bound when its export goes', () => {
    const bound = { ...binding, status: evaluate().status };
    const later = evaluate({ export: () => undefined }, bound);
    expect(later.status.phase).toBe('Bound');
    expect(later.status.boundResources).toHaveLength(1);
    expect(later.reasons).toMatchObject({ APIExportValid: 'APIExportNotFound', InitialBindingCompleted: 'True' });
  });
});
