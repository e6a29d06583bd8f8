// Kinds

export {
  boundName,
  boundSchemaFingerprint,
  boundSchemaKey,
  boundSchemasPrefix,
  keepBoundSchema,
} from './bound-schemas.ts';
export type { ClaimTables, TableClaim } from './claim-table.ts';
export { createClaimTables, grants, isClaimOn } from './claim-table.ts';
// Claims
export { allowsVerb, claimFinder } from './claims.ts';
// Names
export { base36Padded, drawClusterName, homeClusterName, isDrawnClusterName } from './cluster-names.ts';
// Binding
export type { BindingReader } from './evaluate-binding.ts';
export { evaluateBinding } from './evaluate-binding.ts';
export { exportConsumersPrefix, parseExportConsumersKey, shardsOfConsumers } from './export-consumers.ts';
export { identityOf } from './export-identity.ts';
export type { ExportIndex } from './export-index.ts';
export { createExportIndex } from './export-index.ts';
export { exportsOf } from './exports-of.ts';
export {
  bindingFinalizer,
  claimLabel,
  claimLabelPrefix,
  defaultBindingName,
  exportHash,
  exportLabel,
  reflexiveClaimHash,
} from './hashes.ts';
export { isLimited, policyAnnotation, wasLimited, withPolicyOf } from './kept-policy.ts';
export {
  bindingKey,
  bindingsPrefix,
  clusterOfKey,
  definitionsPrefix,
  exportKey,
  exportsPrefix,
  nameOfKey,
  schemaKey,
  schemasPrefix,
  sliceKey,
  slicesPrefix,
} from './keys.ts';
export { policyOwners } from './policy-owners.ts';
export { isReplicated, replicateAnnotation } from './replicate-annotation.ts';
export {
  formatLocks,
  locksOfBindings,
  parseLocks,
  resourceLocksAnnotation,
  withBindings,
  withDefinitions,
} from './resource-locks.ts';
export type { ResourceSelector } from './resource-selectors.ts';
export { originalClaimsAnnotation, resourceSelectorsOf } from './resource-selectors.ts';
export type {
  ApiBinding,
  ApiExport,
  ApiResourceSchema,
  BindingClaim,
  BoundResourceStatus,
  ClaimKey,
  ClaimSelector,
  CustomResourceDefinition,
  ExportClaim,
  ExportedResource,
  ResourceNames,
} from './types.ts';
