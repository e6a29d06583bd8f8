// Questions and answers

export type { Access } from './access.ts';
export { createAccess } from './access.ts';
export { aggregatedRules } from './aggregation.ts';
export type { Authorizer, BoundExport } from './authorizer.ts';
export { homeOf, nameInOtherClusters } from './effective-users.ts';
export type { Escalation, RbacWriter } from './escalation.ts';
export { impersonate, reservedGroups } from './impersonate.ts';
export { defaultBinding, validateBinding, validateRole } from './rbac-validation.ts';

// Reviews and impersonation
export { selfSubjectReview } from './reviews.ts';
// RBAC
export type { Binding, PolicyRule, Role } from './rule-source.ts';
export { createStoreRuleSource } from './rule-source.ts';
export {
  bindingPrefix,
  earlierBindingPrefix,
  globalServiceAccountPrefix,
  scopesExtra,
  serviceAccountPrefix,
} from './well-known.ts';
