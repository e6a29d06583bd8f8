/**
 * APIBindings: bound as the user who asked, with selectors that say one thing, to an export that
 * never changes.
 */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { requiredValue, StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingFinalizer, claimLabelPrefix, exportHash, exportLabel, reflexiveClaimHash } from '@kcp-ts/sharing';
import { ruleFailed, unchanged } from '../../../common/immutable.ts';
import type { BindCheck } from '../../common/bind-check.ts';
import { setPath } from '../../common/set-path.ts';

export interface ApiBindingsDependencies extends BindCheck {
  resolve(path: string): string | undefined;
}

function claimErrors(object: ApiBinding): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, { selector }] of (object.spec?.permissionClaims ?? []).entries()) {
    const field = `spec.permissionClaims[${i}].selector`;
    const labels = Object.keys(selector?.matchLabels ?? {}).length > 0;
    const expressions = (selector?.matchExpressions ?? []).length > 0;
    if (selector?.matchAll === true && labels)
      errors.push(ruleFailed(`${field}.matchLabels`, 'matchLabels cannot be used with matchAll'));
    if (selector?.matchAll === true && expressions)
      errors.push(ruleFailed(`${field}.matchExpressions`, 'matchExpressions cannot be used with matchAll'));
    if (selector?.matchAll !== true && !labels && !expressions) {
      errors.push(requiredValue(field, 'either one of matchAll, matchLabels, or matchExpressions must be set'));
    }
  }
  return errors;
}

function referenceOf(
  object: KubeObject,
  context: WriteContext,
): { readonly path: string | undefined; readonly name: string } {
  const reference = (object as ApiBinding).spec?.reference?.export;
  if (reference !== undefined) return { path: reference.path, name: reference.name };
  throw StatusError.forbidden(
    context.served.definition,
    object.metadata.name,
    '[spec.reference.export: Required value]',
  );
}

/**
 * What is bound says under which keys a workspace's objects are: nobody writes it but the
 * controller that has found the export, and that does not come this way.
 */
function keepBound(object: KubeObject, old: KubeObject): void {
  const { boundResources: _resources, apiExportClusterName: _cluster, ...status } = (object as ApiBinding).status ?? {};
  const { boundResources, apiExportClusterName } = (old as ApiBinding).status ?? {};
  object['status'] = {
    ...status,
    ...(apiExportClusterName === undefined ? {} : { apiExportClusterName }),
    ...(boundResources === undefined ? {} : { boundResources }),
  };
}

export function createApiBindingsStrategy(deps: ApiBindingsDependencies): Strategy {
  /**
   * Labels that say which export the binding is to are the server's: what a client sends of them is
   * replaced, also when the export cannot be found.
   */
  function label(object: KubeObject, old: KubeObject | undefined, context: WriteContext): void {
    const { path, name } = referenceOf(object, context);
    const cluster = path === undefined ? context.cluster : deps.resolve(path);
    // The reference cannot change, and the path may have come to mean another workspace.
    const hash = old?.metadata.labels?.[exportLabel] ?? (cluster === undefined ? undefined : exportHash(cluster, name));
    const labels: Record<string, string> = {};
    for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
      const reflexive = key.startsWith(claimLabelPrefix) && value === reflexiveClaimHash;
      if (key !== exportLabel && !reflexive) labels[key] = value;
    }
    if (hash !== undefined) {
      labels[exportLabel] = hash;
      // An export's provider sees the bindings to it without claiming them.
      labels[`${claimLabelPrefix}${hash}`] = reflexiveClaimHash;
    }
    if (Object.keys(labels).length > 0) object.metadata.labels = labels;
    else delete object.metadata.labels;
  }

  function checkBind(object: KubeObject, context: WriteContext, action: string): void {
    const { path, name } = referenceOf(object, context);
    const from = path ?? deps.pathOf(context.cluster);
    if (deps.mayBind(context, from, name)) return;
    throw StatusError.forbidden(
      context.served.definition,
      object.metadata.name,
      `unable to ${action} APIBinding: no permission to bind to export ${from}:${name}`,
    );
  }

  return {
    prepareCreate(object, context) {
      context.served.schema.omitEmpty(object);
      setPath(object, context, deps);
      label(object, undefined, context);
      object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), bindingFinalizer])];
    },
    prepareUpdate(object, old, context) {
      context.served.schema.omitEmpty(object);
      setPath(object, context, deps);
      label(object, old, context);
      if (context.subresource === 'status') keepBound(object, old);
    },
    validateCreate: (object) => claimErrors(object as ApiBinding),
    validateUpdate: (object, old) => [
      ...unchanged(
        'spec.reference',
        (old as ApiBinding).spec?.reference,
        (object as ApiBinding).spec?.reference,
        'APIExport reference must not be changed',
      ),
      ...claimErrors(object as ApiBinding),
    ],
    admitCreate: (object, context) => checkBind(object, context, 'create'),
  };
}
