/** Validation and defaults of RBAC objects, with Kubernetes' texts. */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue, requiredValue, unsupportedValue } from '@kcp-ts/api';
import type { Binding, PolicyRule, RbacSubject, Role } from './rule-source.ts';
import { rbacGroup } from './rule-source.ts';

function validateRule(rule: PolicyRule, namespaced: boolean, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const urls = rule.nonResourceURLs ?? [];
  const isEmpty = (list: readonly string[] | undefined) => (list ?? []).length === 0;
  if (isEmpty(rule.verbs)) errors.push(requiredValue(`${field}.verbs`, 'verbs must contain at least one value'));
  if (urls.length > 0) {
    const path = `${field}.nonResourceURLs`;
    if (namespaced) errors.push(invalidValue(path, urls, 'namespaced rules cannot apply to non-resource URLs'));
    if (!isEmpty(rule.apiGroups) || !isEmpty(rule.resources) || !isEmpty(rule.resourceNames))
      errors.push(invalidValue(path, urls, 'rules cannot apply to both regular resources and non-resource URLs'));
    return errors;
  }
  if (isEmpty(rule.apiGroups))
    errors.push(requiredValue(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  if (isEmpty(rule.resources))
    errors.push(requiredValue(`${field}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

/** A Role or ClusterRole. Only the latter may speak of paths, or aggregate. */
export function validateRole(object: KubeObject): readonly FieldError[] {
  const role = object as unknown as Role;
  const namespaced = object.kind === 'Role';
  const errors = (role.rules ?? []).flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`));
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (
    !namespaced &&
    role.aggregationRule !== undefined &&
    role.aggregationRule !== null &&
    (selectors ?? []).length === 0
  )
    errors.push(
      requiredValue(
        'aggregationRule.clusterRoleSelectors',
        'at least one clusterRoleSelector required if aggregationRule is non-nil',
      ),
    );
  return errors;
}

const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function validateSubject(subject: RbacSubject, namespaced: boolean, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const apiGroup = subject.apiGroup ?? '';
  if (subject.name === '') errors.push(requiredValue(`${field}.name`));
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name !== '' && !subdomainPattern.test(subject.name))
        errors.push(invalidValue(`${field}.name`, subject.name, subdomainText));
      if (apiGroup !== '') errors.push(unsupportedValue(`${field}.apiGroup`, apiGroup, ['']));
      if (!namespaced && (subject.namespace ?? '') === '') errors.push(requiredValue(`${field}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) errors.push(unsupportedValue(`${field}.apiGroup`, apiGroup, [rbacGroup]));
      break;
    default:
      errors.push(unsupportedValue(`${field}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

function pathSegmentErrors(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}

/**
 * A RoleBinding or ClusterRoleBinding; `old` where it is an update, since its role cannot be
 * changed.
 */
export function validateBinding(object: KubeObject, old?: KubeObject): readonly FieldError[] {
  const { roleRef, subjects } = object as unknown as Binding;
  const namespaced = object.kind === 'RoleBinding';
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const errors: FieldError[] = [];
  if (roleRef.apiGroup !== rbacGroup)
    errors.push(unsupportedValue('roleRef.apiGroup', roleRef.apiGroup ?? '', [rbacGroup]));
  if (!kinds.includes(roleRef.kind)) errors.push(unsupportedValue('roleRef.kind', roleRef.kind, kinds));
  if (roleRef.name === '') errors.push(requiredValue('roleRef.name'));
  for (const text of pathSegmentErrors(roleRef.name)) errors.push(invalidValue('roleRef.name', roleRef.name, text));
  for (const [index, subject] of (subjects ?? []).entries())
    errors.push(...validateSubject(subject, namespaced, `subjects[${index}]`));
  if (old !== undefined && !isDeepStrictEqual({ ...roleRef }, { ...(old as unknown as Binding).roleRef }))
    // Kubernetes shows its internal type here, whose fields have Go's names.
    errors.push(
      invalidValue(
        'roleRef',
        { APIGroup: roleRef.apiGroup ?? '', Kind: roleRef.kind, Name: roleRef.name },
        'cannot change roleRef',
      ),
    );
  return errors;
}

interface MutableBinding {
  roleRef?: { apiGroup?: string };
  subjects?: { kind?: string; apiGroup?: string }[] | null;
}

/**
 * Fills in the API groups that Kubernetes knows by itself: of the role, and of users and groups.
 * Changes the object.
 */
export function defaultBinding(object: KubeObject): void {
  const { roleRef, subjects } = object as unknown as MutableBinding;
  if (roleRef !== undefined && (roleRef.apiGroup ?? '') === '') roleRef.apiGroup = rbacGroup;
  for (const subject of subjects ?? []) {
    if ((subject.kind === 'User' || subject.kind === 'Group') && (subject.apiGroup ?? '') === '')
      subject.apiGroup = rbacGroup;
  }
}
