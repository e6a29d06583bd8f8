/** APIExports: schemas named after what they are, claims with identities, and the path that others find them under. */
import type { Condition, FieldError, KubeObject } from '@kcp-ts/meta';
import { forbiddenField, groupResourceText } from '@kcp-ts/meta';
import type { Behaviour, WriteContext } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { pathAnnotation } from '@kcp-ts/tenancy';
import { claimCountErrors } from './claims-max.ts';
import { ruleFailed } from './immutable.ts';

export interface ApiExportsNeeds {
  pathOf(cluster: string): string;
  /** Whether a resource is built in, so that a claim on it needs no identity. */
  isClaimableWithoutIdentity(group: string, resource: string): boolean;
  /** Whether a resource has its strategy from the server: no export brings it with another one. */
  isBuiltin(group: string, resource: string): boolean;
}

function resourceErrors(object: ApiExport, needs: ApiExportsNeeds): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { name, group, schema, storage }] of (object.spec?.resources ?? []).entries()) {
    if (needs.isBuiltin(group, name)) {
      const what = groupResourceText({ group, plural: name });
      errors.push(forbiddenField(`spec.resources[${i}]`, `${what} is built in and cannot be exported`));
    }
    const suffix = `.${name}.${group === '' ? 'core' : group}`;
    // Its absence is told by the schema of the kind.
    if (name === undefined || schema === undefined) continue;
    const wrong = (why: string) =>
      errors.push({
        kind: 'Invalid',
        field: `spec.resources[${i}].schema`,
        message: `Invalid value: ${JSON.stringify(schema)}: ${why}`,
      });
    if (!schema.endsWith(suffix)) wrong(`must end in ${suffix}`);
    // Neither a prefix nor a plural has a dot, and a schema's group is never `core`: cut elsewhere, the name is that of another resource's schema.
    else if (group === 'core' || name.includes('.') || schema.slice(0, -suffix.length).includes('.'))
      wrong(`is not the name of a schema of ${groupResourceText({ group, plural: name })}`);
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

/** An identity becomes part of storage keys: nobody writes it but the controller that has seen its secret, and that does not come this way. */
function keepIdentity(object: KubeObject, old: KubeObject): void {
  const isIdentity = ({ type }: Condition) => type === 'IdentityValid';
  const { identityHash: _sent, conditions: sent = [], ...status } = (object as ApiExport).status ?? {};
  // The schema will say so: nothing of it is stored.
  if (!Array.isArray(sent)) return;
  const { identityHash, conditions: before } = (old as ApiExport).status ?? {};
  const proven = before?.filter(isIdentity) ?? [];
  const kept = sent.flatMap((condition) => (isIdentity(condition) ? proven : [condition]));
  const conditions = kept.some(isIdentity) ? kept : [...kept, ...proven];
  object['status'] = {
    ...status,
    ...(identityHash === undefined ? {} : { identityHash }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** The annotation by which an object of a shared kind says where it lives. */
export function setPath(object: KubeObject, context: WriteContext, needs: { pathOf(cluster: string): string }): void {
  object.metadata.annotations = { ...object.metadata.annotations, [pathAnnotation]: needs.pathOf(context.cluster) };
}

export function createApiExportsBehaviour(needs: ApiExportsNeeds): Behaviour {
  const errors = (object: KubeObject) => [
    ...resourceErrors(object as ApiExport, needs),
    ...claimCountErrors((object as ApiExport).spec?.permissionClaims),
    ...claimErrors(object as ApiExport, needs),
  ];
  return {
    prepareCreate: (object, context) => setPath(object, context, needs),
    prepareUpdate(object, old, context) {
      setPath(object, context, needs);
      if (context.subresource === 'status') keepIdentity(object, old);
    },
    validateCreate: errors,
    validateUpdate: errors,
  };
}
