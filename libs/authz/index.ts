// Questions and answers
export type { AccessRequest, Decision, PathQuestion, Question, ResourceQuestion } from './attributes.ts';
export type { Rbac, RbacOptions } from './rbac.ts';
export { createRbac } from './rbac.ts';
// RBAC
export type { Binding, PolicyRule, RbacSubject, Role, RoleRef, RuleSource } from './rule-source.ts';
export { createStoreRuleSource } from './rule-source.ts';
