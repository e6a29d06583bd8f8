/**
 * Where the built-in kinds that controllers watch are stored; other packages name those of their
 * kinds.
 */
import { resourcePrefix } from '@kcp-ts/storage';

export const namespacesPrefix = resourcePrefix('', 'namespaces', '-');
export const secretsPrefix = resourcePrefix('', 'secrets', '-');
export const serviceAccountsPrefix = resourcePrefix('', 'serviceaccounts', '-');
export const clusterRolesPrefix = resourcePrefix('rbac.authorization.k8s.io', 'clusterroles', '-');
export const clusterRoleBindingsPrefix = resourcePrefix('rbac.authorization.k8s.io', 'clusterrolebindings', '-');
