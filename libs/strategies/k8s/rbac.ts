/** Roles and bindings: valid, and never granting what the writer does not hold (privilege escalation prevention). */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import type { Escalation } from '@kcp-ts/authz';
import { defaultBinding, validateBinding, validateRole } from '@kcp-ts/authz';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { SelectorToCheck } from './label-selector-errors.ts';
import { labelSelectorErrors } from './label-selector-errors.ts';

function writer({ user, cluster, namespace }: WriteContext) {
  return { user, cluster, namespace };
}

interface Aggregating {
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly SelectorToCheck[] | null };
}

function roleErrors(object: KubeObject): readonly FieldError[] {
  const selectors = (object as Aggregating).aggregationRule?.clusterRoleSelectors ?? [];
  const errors = selectors.flatMap((selector, i) => {
    const field = `aggregationRule.clusterRoleSelectors[${i}]`;
    const found = labelSelectorErrors(selector, field);
    return found.length === 0 ? [] : [...found, invalidValue(field, null, 'invalid label selector.')];
  });
  return [...validateRole(object), ...errors];
}

export function createRolesStrategy(escalation: Pick<Escalation, 'checkRole' | 'checkRoleRemoval'>): Strategy {
  return {
    validateCreate: roleErrors,
    validateUpdate: roleErrors,
    admitCreate: (object, context) => escalation.checkRole(object, undefined, writer(context)),
    admitUpdate(object, old, context) {
      escalation.checkRole(object, old, writer(context));
      // What has an owner goes with it: the garbage collector asks nobody.
      if (!isDeepStrictEqual(object.metadata.ownerReferences, old.metadata.ownerReferences))
        escalation.checkRoleRemoval(old, writer(context));
    },
    admitDelete: (object, context) => escalation.checkRoleRemoval(object, writer(context)),
  };
}

export function createRoleBindingsStrategy(escalation: Pick<Escalation, 'checkBinding'>): Strategy {
  return {
    prepareCreate: (object) => void defaultBinding(object),
    prepareUpdate: (object) => void defaultBinding(object),
    validateCreate: (object) => validateBinding(object),
    validateUpdate: (object, old) => validateBinding(object, old),
    admitCreate: (object, context) => escalation.checkBinding(object, undefined, writer(context)),
    admitUpdate: (object, old, context) => escalation.checkBinding(object, old, writer(context)),
  };
}
