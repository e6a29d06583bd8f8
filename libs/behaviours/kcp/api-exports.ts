/** APIExports: schemas named after what they are, claims with identities, and the path that others find them under. */
import type { Condition, FieldError, KubeObject } from '@kcp-ts/meta';
import { forbiddenField, groupResourceText, StatusError } from '@kcp-ts/meta';
import type { Behaviour, WriteContext } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { pathAnnotation } from '@kcp-ts/tenancy';
import { ruleFailed } from '../immutable.ts';

export interface ApiExportsNeeds {
  pathOf(cluster: string): string;
  /** Whether a resource is built in, so that a claim on it needs no identity. */
  isClaimableWithoutIdentity(group: string, resource: string): boolean;
  /** Whether a resource has its strategy from the server: no export brings it with another one. */
  isBuiltin(group: string, resource: string): boolean;
}

function resourceErrors(object: ApiExport, needs: ApiExportsNeeds): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { name, group, schema }] of (object.spec?.resources ?? []).entries()) {
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
  }
  return errors;
}

/** A rule of kcp's schema. */
function storageErrors(object: KubeObject): FieldError[] {
  return ((object as ApiExport).spec?.resources ?? []).flatMap(({ storage }, i) =>
    storage === undefined || (storage.crd === undefined) !== (storage.virtual === undefined)
      ? []
      : [ruleFailed(`spec.resources[${i}].storage`, 'Exactly one of crd or virtual must be set')],
  );
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
  /** kcp's admission says it, hence 403 and not 422; and it says one thing at a time. */
  function admit(object: KubeObject, context: WriteContext): void {
    const [error] = [...resourceErrors(object as ApiExport, needs), ...claimErrors(object as ApiExport, needs)];
    if (error === undefined) return;
    throw StatusError.forbidden(context.served.row, object.metadata.name, `${error.field}: ${error.message}`);
  }

  return {
    prepareCreate: (object, context) => setPath(object, context, needs),
    prepareUpdate(object, old, context) {
      setPath(object, context, needs);
      if (context.subresource === 'status') keepIdentity(object, old);
    },
    validateCreate: storageErrors,
    validateUpdate: storageErrors,
    admitCreate: admit,
    admitUpdate: (object, _old, context) => admit(object, context),
  };
}
