/**
 * APIExports: schemas named after what they are, claims with identities, and the path that others
 * find them under.
 */
import type { Condition, FieldError, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { forbiddenField, groupResourceText, invalidValue, StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { ruleFailed } from '../../../common/immutable.ts';
import { setPath } from '../../common/set-path.ts';

export interface ApiExportsDependencies {
  pathOf(cluster: LogicalClusterName): string;
  /** Whether a resource has its strategy from the server: no export brings it with another one. */
  isBuiltin(group: string, resource: string): boolean;
}

function suffixOf(group: string, name: string): string {
  return `.${name}.${group === '' ? 'core' : group}`;
}

function wrongSchema(index: number, schema: string, why: string): FieldError {
  return invalidValue(`spec.resources[${index}].schema`, schema, why);
}

/**
 * What kcp lets through and must not be: the strategies of built-in kinds are the server's, and a
 * schema is that of one resource.
 */
function resourceErrors(object: KubeObject, deps: ApiExportsDependencies): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { name, group, schema }] of ((object as ApiExport).spec?.resources ?? []).entries()) {
    const what = groupResourceText({ group, plural: name });
    if (deps.isBuiltin(group, name))
      errors.push(forbiddenField(`spec.resources[${i}]`, `${what} is built in and cannot be exported`));
    const suffix = suffixOf(group, name);
    if (!schema.endsWith(suffix)) continue;
    // Neither a prefix nor a plural has a dot, and a schema's group is never `core`: cut at another
    // place, the name is that of another resource's schema.
    if (group === 'core' || name.includes('.') || schema.slice(0, -suffix.length).includes('.'))
      errors.push(wrongSchema(i, schema, `is not the name of a schema of ${what}`));
  }
  return errors;
}

function schemaErrors(object: ApiExport): FieldError[] {
  return (object.spec?.resources ?? []).flatMap(({ name, group, schema }, i) => {
    const suffix = suffixOf(group, name);
    return schema.endsWith(suffix) ? [] : [wrongSchema(i, schema, `must end in ${suffix}`)];
  });
}

/** A rule of kcp's schema. */
function storageErrors(object: KubeObject): FieldError[] {
  return ((object as ApiExport).spec?.resources ?? []).flatMap(({ storage }, i) =>
    storage === undefined || (storage.crd === undefined) !== (storage.virtual === undefined)
      ? []
      : [ruleFailed(`spec.resources[${i}].storage`, 'Exactly one of crd or virtual must be set')],
  );
}

/**
 * Whether a claim on a resource needs no identity: it is built in, and about more than who asks.
 */
function isClaimable(group: string, resource: string, deps: ApiExportsDependencies): boolean {
  return !resource.startsWith('selfsubject') && deps.isBuiltin(group, resource);
}

function claimErrors(object: ApiExport, deps: ApiExportsDependencies): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { group = '', resource, identityHash = '' }] of (object.spec?.permissionClaims ?? []).entries()) {
    if (identityHash !== '' || group === 'apis.kcp.io' || isClaimable(group, resource, deps)) continue;
    errors.push({
      kind: 'Invalid',
      field: `spec.permissionClaims[${i}].identityHash`,
      message: `Invalid value: "": identityHash is required for API types that are not built-in`,
    });
  }
  return errors;
}

/**
 * An identity becomes part of storage keys: nobody writes it but the controller that has seen its
 * secret, and that does not come this way.
 */
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

export function createApiExportsStrategy(deps: ApiExportsDependencies): Strategy {
  const errors = (object: KubeObject) => [...storageErrors(object), ...resourceErrors(object, deps)];

  /** kcp's admission says it, hence 403 and not 422; and it says one thing at a time. */
  function admit(object: KubeObject, context: WriteContext): void {
    const [error] = [...schemaErrors(object as ApiExport), ...claimErrors(object as ApiExport, deps)];
    if (error === undefined) return;
    throw StatusError.forbidden(context.served.definition, object.metadata.name, `${error.field}: ${error.message}`);
  }

  return {
    prepareCreate: (object, context) => setPath(object, context, deps),
    prepareUpdate(object, old, context) {
      setPath(object, context, deps);
      if (context.subresource === 'status') keepIdentity(object, old);
    },
    validateCreate: errors,
    validateUpdate: errors,
    admitCreate: admit,
    admitUpdate: (object, _old, context) => admit(object, context),
  };
}
