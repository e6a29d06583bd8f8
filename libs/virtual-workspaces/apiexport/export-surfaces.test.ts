import { createTurns } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { expect, it } from 'vitest';
import type { ExportSurfaceDependencies } from './api-export-surface.ts';
import { createExportSurfaces } from './export-surfaces.ts';

const identityHash = 'a'.repeat(64);
const plurals = Array.from({ length: 500 }, (_, i) => `r${i}`);
const source = {
  metadata: { name: 'west' },
  spec: { resources: plurals.map((name) => ({ group: 'x.io', name, schema: `v.${name}.x.io`, storage: { crd: {} } })) },
  status: { identityHash, conditions: [{ type: 'IdentityValid', status: 'True' }] },
} as unknown as ApiExport;
const claiming = {
  metadata: { name: 'claiming' },
  spec: { permissionClaims: plurals.map((resource) => ({ group: 'x.io', resource, identityHash, verbs: ['*'] })) },
} as unknown as ApiExport;

/** An installation in which each look at a schema takes a millisecond. */
function observed() {
  const seen = { nowMs: 0, read: 0, turns: 0 };
  const resource = (name: string) =>
    ({
      definition: { group: 'x.io', version: 'v1', plural: name },
      prefix: name,
      fingerprint: '',
      origin: { kind: 'crd' },
    }) as unknown as ServedResource;
  const deps = {
    catalog: {
      base: { resources: [] },
      intern: (_key: string, make: () => ServedResource[]) => ({ resources: make() }),
    },
    components: { ofExported: (bound: { resource: string }) => ({ resources: () => [resource(bound.resource)] }) },
    exports: { withIdentity: () => ['apis.kcp.io/apiexports/-/provider//west'] },
    reader: {
      get(key: string) {
        if (key.startsWith('apis.kcp.io/apiexports/')) return source;
        seen.nowMs++;
        seen.read++;
        return { metadata: { uid: key } };
      },
    },
    isBuiltin: () => false,
  } as unknown as ExportSurfaceDependencies;
  const turns = createTurns({
    clock: { monotonic: () => seen.nowMs },
    nextTurn(run) {
      seen.turns++;
      queueMicrotask(run);
    },
  });
  return { surfaces: createExportSurfaces(deps), turns, seen };
}

it.each([
  ['its resources', source, 'exported'],
  ['its claims', claiming, 'claimed'],
] as const)(
  'the surface of an export is made with turns for others between %s, once for all who ask',
  async (_what, one, kind) => {
    const { surfaces, turns, seen } = observed();
    const asked = surfaces.of('provider', one, turns);
    const another = surfaces.of('provider', one, turns);
    const [first, second] = [await asked, await another];
    expect(first).toBe(second);
    expect([first.surface.resources.length, seen.read, seen.turns > 50]).toEqual([500, 500, true]);
    expect(new Set(first.surface.resources.map((served) => first.groundsOf(served)?.kind))).toEqual(new Set([kind]));
    expect(surfaces.of('provider', one, turns)).toBe(first);
  },
);

it('is made again when an export or a schema has changed, and not kept where one changes meanwhile', async () => {
  const { surfaces, turns, seen } = observed();
  const first = await surfaces.of('provider', source, turns);
  surfaces.changed('core/configmaps/-/provider/default/one');
  expect(surfaces.of('provider', source, turns)).toBe(first);
  for (const key of ['apis.kcp.io/apiexports/-/other//east', 'apis.kcp.io/apiresourceschemas/-/other//v.r.x.io']) {
    surfaces.changed(key);
    expect(await surfaces.of('provider', source, turns)).not.toBe(first);
  }
  surfaces.changed('apis.kcp.io/apiexports/-/other//east');
  const during = surfaces.of('provider', source, turns);
  surfaces.changed('apis.kcp.io/apiexports/-/other//east');
  const read = seen.read;
  await during;
  await surfaces.of('provider', source, turns);
  expect(seen.read - read).toBeGreaterThanOrEqual(500);
});
