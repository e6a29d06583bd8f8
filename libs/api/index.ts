export { Budget } from './budget.ts';
// Clusters and revisions
export type { ClusterName, LogicalClusterName, WorkspacePath } from './cluster-name.ts';
export { asClusterName, isClusterName, isWorkspacePath } from './cluster-name.ts';
export type { ConditionChange } from './conditions.ts';
export { isTrueCondition, withCondition, withSummary } from './conditions.ts';
export { currentGroup } from './current-group.ts';
export type { FieldError } from './field-error.ts';
export {
  duplicateValue,
  forbiddenField,
  formatFieldValue,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from './field-error.ts';
export type { IdentityHash, KeyIdentity } from './identity-hash.ts';
export { parseIdentityHash } from './identity-hash.ts';
export type { JsonSchema } from './json-schema.ts';
// Objects and definitions
export type { Condition, KubeObject, ObjectMeta } from './kube-object.ts';
// Names, selectors and quantities
export {
  validateDns1035Label,
  validateDnsLabel,
  validateDnsSubdomain,
  validateLabels,
  validateLabelValue,
  validatePathSegmentName,
  validateQualifiedName,
} from './names.ts';
export { finalizersMax, objectMetaErrors } from './object-meta-errors.ts';
export { parseFieldSelector, parseLabelSelector } from './parse-selector.ts';
export type { Quantity } from './quantity.ts';
export { compareQuantities, formatQuantity, parseQuantity, quantityProblem, roundedToMilli } from './quantity.ts';
// Requests
export type { ApiPath, NonResourceRequestInfo, RequestInfo, ResourceRequestInfo } from './request-info.ts';
export type {
  ListBound,
  PrinterColumn,
  ResourceDefinition,
  ScalePaths,
  SubresourceDefinition,
  Verb,
  WriteRules,
} from './resource-definition.ts';
export { groupResourceText, groupVersionText, writeRulesOf } from './resource-definition.ts';
export { formatResourceVersion, mergedShardNumber, parseResourceVersion } from './resource-version.ts';
export type { Revision } from './revision.ts';
export { asRevision, revisionZero } from './revision.ts';
export type { LabelSelector, LabelSelectorSpec } from './selector.ts';
export { compileLabelSelector, labelSelectorOf } from './selector.ts';
export type { Status, StatusCause, StatusDetails, StatusReason } from './status-error.ts';
export { StatusError } from './status-error.ts';
// People and errors
export type { UserInfo } from './user-info.ts';
export { anonymousUser } from './user-info.ts';
// Virtual workspaces
export type { VirtualWorkspaceName } from './virtual-workspace-names.ts';
export { isVirtualWorkspaceName } from './virtual-workspace-names.ts';
