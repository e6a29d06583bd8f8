/** APIExports: schemas named after what they are, claims with identities, and the path that others find them under. */
import type { FieldError, KubeObject } from '@kcp-ts/meta';
import type { Behaviour, WriteContext } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { pathAnnotation } from '@kcp-ts/tenancy';
import { ruleFailed } from './immutable.ts';

export interface ApiExportsNeeds {
  pathOf(cluster: string): string;
  /** Whether a resource is built in, so that a claim on it needs no identity. */
  isClaimableWithoutIdentity(group: string, resource: string): boolean;
}

function resourceErrors(object: ApiExport): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { name, group, schema, storage }] of (object.spec?.resources ?? []).entries()) {
    const suffix = `.${name}.${group === '' ? 'core' : group}`;
    if (!schema.endsWith(suffix)) {
      errors.push({
        kind: 'Invalid',
        field: `spec.resources[${i}].schema`,
        message: `Invalid value: ${JSON.stringify(schema)}: must end in ${suffix}`,
      });
    }
    if (storage !== undefined && (storage.crd === undefined) === (storage.virtual === undefined)) {
      errors.push(ruleFailed(`spec.resources[${i}].storage`, 'Exactly one of crd or virtual must be set'));
    }
  }
  return errors;
}

function claimErrors(object: ApiExport, needs: ApiExportsNeeds): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { group = '', resource, identityHash = '' }] of (object.spec?.permissionClaims ?? []).entries()) {
    if (identityHash !== '' || group === 'apis.kcp.io' || needs.isClaimableWithoutIdentity(group, resource)) continue;
    errors.push({
      kind: 'Invalid',
      field: `spec.permissionClaims[${i}].identityHash`,
      message: `Invalid value: "": identityHash is required for API types that are not built-in`,
    });
  }
  return errors;
}

/** The annotation by which an object of a shared kind says where it lives. */
export function setPath(object: KubeObject, context: WriteContext, needs: { pathOf(cluster: string): string }): void {
  object.metadata.annotations = { ...object.metadata.annotations, [pathAnnotation]: needs.pathOf(context.cluster) };
}

export function createApiExportsBehaviour(needs: ApiExportsNeeds): Behaviour {
  const errors = (object: KubeObject) => [
    ...resourceErrors(object as ApiExport),
    ...claimErrors(object as ApiExport, needs),
  ];
  return {
    prepareCreate: (object, context) => setPath(object, context, needs),
    prepareUpdate: (object, _old, context) => setPath(object, context, needs),
    validateCreate: errors,
    validateUpdate: errors,
  };
}
