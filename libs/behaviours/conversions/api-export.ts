/** APIExports between v1alpha1 and v1alpha2. What one version cannot say is kept in annotations, so that nothing is lost on the way. (kcp facts 1.9) */
import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Conversion } from '@kcp-ts/registry';
import type { ExportClaim, ExportedResource } from '@kcp-ts/sharing';
import { originalClaimsAnnotation } from '@kcp-ts/sharing';
import type { LegacyClaim } from './claims.ts';
import { explicitClaims, isExplicit, keepOriginal, legacyClaim, modernClaim, parseAnnotation, setAnnotation } from './claims.ts';

const claimsAnnotation = 'apis.v1alpha2.kcp.io/permission-claims';
const resourcesAnnotation = 'apis.v1alpha2.kcp.io/resource-schemas';

interface Legacy {
  latestResourceSchemas?: string[];
  permissionClaims?: LegacyClaim[];
  resources?: ExportedResource[];
  [field: string]: unknown;
}

interface Modern {
  resources?: ExportedResource[];
  permissionClaims?: ExportClaim[];
  [field: string]: unknown;
}

/** `<prefix>.<resource>.<group>`; `core` is the core group. */
function resourceOf(schema: string): ExportedResource {
  const [prefix, name, ...group] = schema.split('.');
  if (prefix === undefined || name === undefined || group.length === 0) {
    throw StatusError.badRequest(`invalid schema ${JSON.stringify(schema)}: must have at least 3 dot-separated segments`);
  }
  const text = group.join('.');
  return { name, group: text === 'core' ? '' : text, schema, storage: { crd: {} } };
}

export function apiExportConversion(legacyVersion: string): Conversion {
  return {
    toStorage(object: KubeObject) {
      const { latestResourceSchemas = [], permissionClaims, ...spec } = (object['spec'] ?? {}) as Legacy;
      const further = parseAnnotation<ExportedResource[]>(object, resourcesAnnotation) ?? [];
      const explicit = parseAnnotation<ExportClaim[]>(object, claimsAnnotation) ?? [];
      const resources = [...latestResourceSchemas.map(resourceOf), ...further];
      object.apiVersion = 'apis.kcp.io/v1alpha2';
      object['spec'] = {
        ...spec,
        ...(resources.length === 0 ? {} : { resources }),
        ...(permissionClaims === undefined ? {} : { permissionClaims: permissionClaims.map((claim) => modernClaim(claim, explicit)) }),
      };
      setAnnotation(object, resourcesAnnotation, undefined);
      setAnnotation(object, claimsAnnotation, undefined);
      keepOriginal(object, permissionClaims);
      return object;
    },
    fromStorage(object: KubeObject) {
      const { resources = [], permissionClaims, ...spec } = (object['spec'] ?? {}) as Modern;
      const virtual = resources.filter(({ storage }) => storage?.virtual !== undefined);
      const schemas = resources.filter(({ storage }) => storage?.virtual === undefined).map(({ schema }) => schema);
      const originals = parseAnnotation<LegacyClaim[]>(object, originalClaimsAnnotation) ?? [];
      object.apiVersion = legacyVersion;
      object['spec'] = {
        ...spec,
        ...(schemas.length === 0 ? {} : { latestResourceSchemas: schemas }),
        ...(permissionClaims === undefined ? {} : { permissionClaims: permissionClaims.map((claim) => legacyClaim(claim, originals)) }),
      };
      object['status'] ??= {};
      setAnnotation(object, resourcesAnnotation, virtual.length === 0 ? undefined : virtual);
      setAnnotation(object, claimsAnnotation, explicitClaims((permissionClaims ?? []).filter(isExplicit)));
      setAnnotation(object, originalClaimsAnnotation, undefined);
      return object;
    },
  };
}
