/**
 * APIExports between v1alpha1 and v1alpha2. What one version cannot say is kept in annotations, so
 * that nothing is lost on the way.
 */
import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Conversion } from '@kcp-ts/registry';
import type { ExportedResource } from '@kcp-ts/sharing';
import { claimFinder, originalClaimsAnnotation } from '@kcp-ts/sharing';
import { readList, setList, takeList } from '../annotation-lists.ts';
import type { LegacyClaim, ModernClaim } from '../claim-conversion.ts';
import { explicitClaims, legacyClaim, modernClaim, originalClaims } from '../claim-conversion.ts';

const claimsAnnotation = 'apis.v1alpha2.kcp.io/permission-claims';
const resourcesAnnotation = 'apis.v1alpha2.kcp.io/resource-schemas';

interface Legacy {
  latestResourceSchemas?: string[];
  permissionClaims?: LegacyClaim[];
  [field: string]: unknown;
}

interface Modern {
  resources?: ExportedResource[];
  permissionClaims?: ModernClaim[];
  [field: string]: unknown;
}

/** `<prefix>.<resource>.<group>`; `core` is the core group. */
function resourceOf(schema: string): ExportedResource {
  const [prefix, name, ...group] = schema.split('.');
  if (prefix === undefined || name === undefined || group.length === 0) {
    throw StatusError.badRequest(
      `invalid schema ${JSON.stringify(schema)}: must have at least 3 dot-separated segments`,
    );
  }
  const text = group.join('.');
  return { name, group: text === 'core' ? '' : text, schema, storage: { crd: {} } };
}

function keyOf({ group, name }: ExportedResource): string {
  return JSON.stringify([group, name]);
}

function resourcesOf(object: KubeObject, schemas: readonly string[]): readonly ExportedResource[] {
  const resources = schemas.map(resourceOf);
  const taken = new Set(resources.map(keyOf));
  for (const further of takeList<ExportedResource>(object, resourcesAnnotation, 'resource schemas')) {
    if (taken.has(keyOf(further))) {
      throw StatusError.badRequest(`duplicate resource schema ${JSON.stringify(further.schema)}`);
    }
    resources.push(further);
  }
  return resources;
}

/** `legacyVersion`: the API version that clients of the older form speak. */
export function apiExportConversion(legacyVersion: string): Conversion {
  return {
    addsFields: true,
    toStorage(object: KubeObject) {
      if (object['spec'] !== undefined) {
        const { latestResourceSchemas, permissionClaims, ...spec } = object['spec'] as Legacy;
        const resources = resourcesOf(object, latestResourceSchemas ?? []);
        const kept = claimFinder(takeList<ModernClaim>(object, claimsAnnotation, 'permission claims'));
        setList(object, originalClaimsAnnotation, originalClaims(permissionClaims, {}));
        object['spec'] = {
          ...spec,
          ...(latestResourceSchemas === undefined && resources.length === 0 ? {} : { resources }),
          ...(permissionClaims === undefined
            ? {}
            : { permissionClaims: permissionClaims.map((claim) => modernClaim(claim, kept)) }),
        };
      }
      object.apiVersion = 'apis.kcp.io/v1alpha2';
      return object;
    },
    fromStorage(object: KubeObject) {
      if (object['spec'] !== undefined) {
        const { resources, permissionClaims, ...spec } = object['spec'] as Modern;
        const virtual = (resources ?? []).filter(({ storage }) => storage?.virtual !== undefined);
        const stored = (resources ?? []).filter(({ storage }) => storage?.virtual === undefined);
        const originals = claimFinder(readList<LegacyClaim>(object, originalClaimsAnnotation));
        setList(object, originalClaimsAnnotation, []);
        setList(object, resourcesAnnotation, virtual);
        setList(object, claimsAnnotation, explicitClaims(permissionClaims ?? []));
        object['spec'] = {
          ...spec,
          ...(resources === undefined ? {} : { latestResourceSchemas: stored.map(({ schema }) => schema) }),
          ...(permissionClaims === undefined
            ? {}
            : { permissionClaims: permissionClaims.map((claim) => legacyClaim(claim, originals, {})) }),
        };
      }
      object.apiVersion = legacyVersion;
      // In this form an export always has a status.
      object['status'] ??= {};
      return object;
    },
  };
}
