/**
 * Bindings: valid, and never granting what the writer does not hold (privilege escalation
 * prevention).
 */
import type { Escalation } from '@kcp-ts/authz';
import { defaultBinding, validateBinding } from '@kcp-ts/authz';
import type { Strategy } from '@kcp-ts/registry';
import { rbacWriter } from '../rbac-writer.ts';

export interface RoleBindingsDependencies {
  readonly escalation: Escalation;
}

export function createRoleBindingsStrategy({ escalation }: RoleBindingsDependencies): Strategy {
  return {
    prepareCreate: (object) => void defaultBinding(object),
    prepareUpdate: (object) => void defaultBinding(object),
    validateCreate: (object) => validateBinding(object),
    validateUpdate: (object, old) => validateBinding(object, old),
    admitCreate: (object, context) => escalation.checkBinding(object, undefined, rbacWriter(context)),
    admitUpdate: (object, old, context) => escalation.checkBinding(object, old, rbacWriter(context)),
  };
}
