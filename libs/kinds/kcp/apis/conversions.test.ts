import type { KubeObject } from '@kcp-ts/api';
import { resourceSelectorsOf } from '@kcp-ts/sharing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiBindingConversion } from './apibindings/conversion.ts';
import { apiExportConversion } from './apiexports/conversion.ts';

const v1alpha1 = 'apis.kcp.io/v1alpha1';
const v1alpha2 = 'apis.kcp.io/v1alpha2';
const exports = apiExportConversion(v1alpha1);
const bindings = apiBindingConversion(v1alpha1);
const annotation = (name: string) => `apis.v1alpha2.kcp.io/${name}`;

function apiExport(apiVersion: string, spec: object, annotations: Record<string, string> = {}): KubeObject {
  return { apiVersion, kind: 'APIExport', metadata: { name: 'share.io', annotations }, spec, status: {} };
}

function apiBinding(apiVersion: string, spec: object, fields: object = {}): KubeObject {
  return { apiVersion, kind: 'APIBinding', metadata: { name: 'share', annotations: {} }, spec, ...fields };
}

const reference = { export: { name: 'share.io', path: 'root:rec2' } };
const copy = (object: KubeObject) => structuredClone(object);

describe('exports', () => {
  const modern = apiExport(v1alpha2, {
    resources: [{ group: 'share.io', name: 'things', schema: 'v1.things.share.io', storage: { crd: {} } }],
    permissionClaims: [
      { group: '', identityHash: '', resource: 'configmaps', verbs: ['get', 'list', 'watch', 'create'] },
      { group: '', identityHash: '', resource: 'secrets', verbs: ['*'] },
    ],
  });

  test('v1alpha1 shows schemas by name and keeps verbs in an annotation', () => {
    expect(exports.fromStorage(copy(modern))).toEqual(
      apiExport(
        v1alpha1,
        {
          latestResourceSchemas: ['v1.things.share.io'],
          permissionClaims: [{ resource: 'configmaps' }, { resource: 'secrets' }],
        },
        { [annotation('permission-claims')]: '[{"resource":"configmaps","verbs":["get","list","watch","create"]}]' },
      ),
    );
    expect(exports.toStorage(exports.fromStorage(copy(modern)))).toEqual(modern);
  });

  test('names of schemas say which resource they are of', () => {
    const old = apiExport(v1alpha1, { latestResourceSchemas: ['v1.things.share.io', 'v2.pods.core'] });
    expect(exports.toStorage(old)['spec']).toEqual({
      resources: [
        { group: 'share.io', name: 'things', schema: 'v1.things.share.io', storage: { crd: {} } },
        { group: '', name: 'pods', schema: 'v2.pods.core', storage: { crd: {} } },
      ],
    });
    const bad = apiExport(v1alpha1, { latestResourceSchemas: ['a.b'] });
    expect(() => exports.toStorage(bad)).toThrow('invalid schema "a.b": must have at least 3 dot-separated segments');
  });

  test('resources without storage of their own survive v1alpha1', () => {
    const virtual = {
      group: 'share.io',
      name: 'views',
      schema: 'v1.views.share.io',
      storage: { virtual: { identityHash: 'x' } },
    };
    const stored = apiExport(v1alpha2, { resources: [virtual] });
    const shown = exports.fromStorage(copy(stored));
    expect(shown['spec']).toEqual({ latestResourceSchemas: [] });
    expect(exports.toStorage(copy(shown))).toEqual(stored);
    const twice = { ...shown, spec: { latestResourceSchemas: ['v2.views.share.io'] } };
    expect(() => exports.toStorage(copy(twice))).toThrow('duplicate resource schema "v1.views.share.io"');
  });

  test('an annotation that cannot be read is refused on its way in and ignored on its way out', () => {
    const sent = apiExport(
      v1alpha1,
      { permissionClaims: [{ resource: 'secrets' }] },
      { [annotation('permission-claims')]: '[7]' },
    );
    expect(() => exports.toStorage(sent)).toThrow('failed to decode overhanging permission claims');
    const stored = apiExport(
      v1alpha2,
      { permissionClaims: [{ resource: 'secrets', verbs: ['*'] }] },
      { [annotation('v1alpha1-permission-claims')]: '{' },
    );
    expect(exports.fromStorage(stored)['spec']).toEqual({ permissionClaims: [{ resource: 'secrets' }] });
  });
});

describe('bindings', () => {
  const claim = (resource: string, more: object) => ({ group: '', identityHash: '', resource, ...more });

  test('v1alpha1 shows claims about all, and keeps verbs and selectors in annotations', () => {
    const stored = apiBinding(
      v1alpha2,
      {
        permissionClaims: [
          claim('configmaps', { verbs: ['get'], selector: { matchAll: true }, state: 'Accepted' }),
          claim('secrets', { verbs: ['*'], selector: { matchAll: true }, state: 'Rejected' }),
        ],
        reference,
      },
      {
        status: {
          appliedPermissionClaims: [claim('configmaps', { verbs: ['get'], selector: { matchAll: true } })],
          exportPermissionClaims: [claim('configmaps', { verbs: ['get', 'list'] }), claim('secrets', { verbs: ['*'] })],
          phase: 'Bound',
        },
      },
    );
    const shown = bindings.fromStorage(copy(stored));
    expect(shown).toMatchObject({
      apiVersion: v1alpha1,
      metadata: {
        annotations: {
          [annotation('acceptable-permission-claims')]:
            '[{"resource":"configmaps","verbs":["get"],"selector":{"matchAll":true},"state":"Accepted"}]',
          [annotation('status-applied-permission-claims')]:
            '[{"resource":"configmaps","verbs":["get"],"selector":{"matchAll":true}}]',
          [annotation('status-export-permission-claims')]: '[{"resource":"configmaps","verbs":["get","list"]}]',
        },
      },
      spec: {
        permissionClaims: [
          { all: true, resource: 'configmaps', state: 'Accepted' },
          { all: true, resource: 'secrets', state: 'Rejected' },
        ],
        reference,
      },
      status: {
        appliedPermissionClaims: [{ all: true, resource: 'configmaps' }],
        exportPermissionClaims: [{ resource: 'configmaps' }, { resource: 'secrets' }],
      },
    });
    expect(bindings.toStorage(shown)).toEqual(stored);
  });

  test('a claim on single objects stays one', () => {
    const resourceSelector = [{ namespace: 'default', name: 'one' }];
    const old = apiBinding(v1alpha1, {
      permissionClaims: [{ resource: 'secrets', resourceSelector, state: 'Accepted' }],
      reference,
    });
    const stored = bindings.toStorage(copy(old));
    expect(stored['spec']).toEqual({
      permissionClaims: [claim('secrets', { verbs: ['*'], selector: { matchAll: true }, state: 'Accepted' })],
      reference,
    });
    expect(resourceSelectorsOf(stored)({ resource: 'secrets' })).toEqual(resourceSelector);
    expect(resourceSelectorsOf(stored)({ resource: 'configmaps' })).toBeUndefined();
    expect(bindings.fromStorage(stored)).toEqual(old);
  });

  test('drafts name the export by its workspace, and claims that say nothing mean all', () => {
    const alias = apiBindingConversion('apis.kcp.dev/v1alpha1');
    const draft = apiBinding('apis.kcp.dev/v1alpha1', {
      reference: { workspace: { path: 'root:rec2', exportName: 'share.io' } },
      permissionClaims: [{ resource: 'secrets', state: 'Accepted' }],
    });
    expect(alias.fromStorage(alias.toStorage(draft))).toEqual(
      apiBinding('apis.kcp.dev/v1alpha1', {
        reference,
        permissionClaims: [{ all: true, resource: 'secrets', state: 'Accepted' }],
      }),
    );
  });
});

const resourceSelector = fc.array(
  fc.record({ name: fc.constantFrom('one', 'two'), namespace: fc.constantFrom('a', 'b') }, { requiredKeys: ['name'] }),
  { minLength: 1, maxLength: 2 },
);
const key = fc.record(
  {
    group: fc.constantFrom('a.io', 'b.io'),
    resource: fc.constantFrom('x', 'y', 'z'),
    identityHash: fc.constantFrom('i', 'j'),
  },
  { requiredKeys: ['resource'] },
);
const selecting = fc.oneof(
  fc.constant({ all: true }),
  fc.record({ resourceSelector }),
  fc.record({ resourceSelector, all: fc.boolean() }),
);
const selectorClaim = fc.tuple(key, selecting).map(([claim, which]) => ({ ...claim, ...which }));
const claimText = (claim: { group?: string; resource: string; identityHash?: string }) =>
  JSON.stringify([claim.group, claim.resource, claim.identityHash]);
const claims = fc.uniqueArray(selectorClaim, { selector: claimText, maxLength: 4 });
const exportClaims = fc.uniqueArray(fc.oneof(selectorClaim, key), { selector: claimText, maxLength: 4 });

describe('nothing is lost from v1alpha1 to v1alpha2 and back', () => {
  test('of exports', () => {
    const schemas = fc.subarray(['v1.things.share.io', 'v2.others.share.io', 'today.pods.core']);
    fc.assert(
      fc.property(
        fc.record({ latestResourceSchemas: schemas, permissionClaims: exportClaims }, { requiredKeys: [] }),
        (spec) => {
          const object = apiExport(v1alpha1, spec);
          expect(exports.fromStorage(exports.toStorage(copy(object)))).toEqual(object);
        },
      ),
    );
  });

  test('of bindings and their status', () => {
    const state = fc.constantFrom('Accepted', 'Rejected');
    const granted = fc
      .tuple(claims, fc.array(state, { minLength: 4, maxLength: 4 }))
      .map(([list, states]) => list.map((claim, i) => ({ ...claim, state: states[i] })));
    const status = fc.record({ appliedPermissionClaims: claims, exportPermissionClaims: exportClaims });
    fc.assert(
      fc.property(granted, status, (permissionClaims, made) => {
        // What applies repeats what was granted: a claim stands for the same objects in both.
        const applied = made.appliedPermissionClaims.filter(
          (claim) => !permissionClaims.some((other) => claimText(other) === claimText(claim)),
        );
        const object = apiBinding(
          v1alpha1,
          { reference, permissionClaims },
          { status: { ...made, appliedPermissionClaims: applied } },
        );
        expect(bindings.fromStorage(bindings.toStorage(copy(object)))).toEqual(object);
      }),
    );
  });
});
