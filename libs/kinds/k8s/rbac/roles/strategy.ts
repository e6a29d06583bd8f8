/**
 * Roles: valid, and never granting what the writer does not hold (privilege escalation prevention).
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import type { Escalation } from '@kcp-ts/authz';
import { validateRole } from '@kcp-ts/authz';
import type { Strategy } from '@kcp-ts/registry';
import type { SelectorToCheck } from '../../common/label-selector-errors.ts';
import { labelSelectorErrors } from '../../common/label-selector-errors.ts';
import { rbacWriter } from '../rbac-writer.ts';

export interface RolesDependencies {
  readonly escalation: Escalation;
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

export function createRolesStrategy({ escalation }: RolesDependencies): Strategy {
  return {
    validateCreate: roleErrors,
    validateUpdate: roleErrors,
    admitCreate: (object, context) => escalation.checkRole(object, undefined, rbacWriter(context)),
    admitUpdate(object, old, context) {
      escalation.checkRole(object, old, rbacWriter(context));
      // What has an owner goes with it: the garbage collector asks nobody.
      if (!isDeepStrictEqual(object.metadata.ownerReferences, old.metadata.ownerReferences))
        escalation.checkRoleRemoval(old, rbacWriter(context));
    },
    admitDelete: (object, context) => escalation.checkRoleRemoval(object, rbacWriter(context)),
  };
}
