/** Short forms of RBAC objects, as they are stored. */
import type { KubeObject, ObjectMeta } from '@kcp-ts/api';
import type { PolicyRule } from '@kcp-ts/authz';

const group = 'rbac.authorization.k8s.io';

export interface Subject {
  readonly kind: 'User' | 'Group';
  readonly apiGroup: string;
  readonly name: string;
}

type Metadata = Pick<ObjectMeta, 'labels' | 'annotations'>;

/** Verbs and resources are lists of words, as in `rule('get list', '', 'configmaps')`. */
export function rule(
  verbs: string,
  apiGroups: string | readonly string[],
  resources: string,
  names?: string,
): PolicyRule {
  return {
    verbs: verbs.split(' '),
    apiGroups: typeof apiGroups === 'string' ? [apiGroups] : apiGroups,
    resources: resources.split(' '),
    ...(names === undefined ? {} : { resourceNames: names.split(' ') }),
  };
}

export function urlRule(verbs: string, urls: string): PolicyRule {
  return { verbs: verbs.split(' '), nonResourceURLs: urls.split(' ') };
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  metadata: Metadata = {},
  aggregate?: string,
): KubeObject {
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRole',
    metadata: { name, ...metadata },
    ...(aggregate === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregate]: 'true' } }] } }),
    rules,
  };
}

export function clusterRoleBinding(
  name: string,
  role: string,
  subjects: readonly Subject[],
  metadata: Metadata = {},
): KubeObject {
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, ...metadata },
    subjects,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
  };
}

export function userSubject(name: string): Subject {
  return { kind: 'User', apiGroup: group, name };
}

export function groupSubject(name: string): Subject {
  return { kind: 'Group', apiGroup: group, name };
}
