// Questions and answers

export type { Access, AccessDependencies, ClaimedResource } from './access.ts';
export { createAccess } from './access.ts';
export { aggregatedRules } from './aggregation.ts';
export type { AccessRequest, Decision, PathQuestion, Question, ResourceQuestion } from './attributes.ts';
export type { Authorizer, AuthorizerDependencies, BoundExport } from './authorizer.ts';
export { alwaysAllowPathsDefault, createAuthorizer } from './authorizer.ts';
export type { ClusterFacts } from './content-gate.ts';
export { effectiveUsers, homeOf, nameInOtherClusters } from './effective-users.ts';
export type { Escalation, RbacWriter } from './escalation.ts';
export { createEscalation } from './escalation.ts';
export { forbiddenError } from './forbidden-error.ts';
export type { Impersonation } from './impersonate.ts';
export { impersonate, reservedGroups } from './impersonate.ts';
export type { Rbac, RbacOptions } from './rbac.ts';
export { createRbac } from './rbac.ts';
export { defaultBinding, validateBinding, validateRole } from './rbac-validation.ts';

// Reviews and impersonation
export type { Reviews } from './reviews.ts';
export { createReviews, selfSubjectReview } from './reviews.ts';
// RBAC
export type { Binding, PolicyRule, RbacSubject, Role, RoleRef, RuleSource } from './rule-source.ts';
export { createStoreRuleSource, rbacChangeOf } from './rule-source.ts';
export {
  bindingPrefix,
  earlierBindingPrefix,
  globalServiceAccountPrefix,
  scopesExtra,
  serviceAccountPrefix,
} from './well-known.ts';
