/** Users, groups and extras with a meaning of their own (kcp's names). */
export const systemAdminCluster = 'system:admin';

export const mastersGroup = 'system:masters';
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
export const anonymousName = 'system:anonymous';
export const kcpAdminGroup = 'system:kcp:admin';
export const bootstrapperGroup = 'system:kcp:tenancy:workspace-bootstrapper';
export const clusterAdminGroup = 'system:kcp:logical-cluster-admin';
export const externalClusterAdminGroup = 'system:kcp:external-logical-cluster-admin';
export const initializerGroupPrefix = 'system:kcp:initializer:';
export const terminatorGroupPrefix = 'system:kcp:terminator:';
/** Group of users that belong to another logical cluster. */
export const foreignClusterGroupPrefix = 'system:cluster:';

export const serviceAccountPrefix = 'system:serviceaccount:';
/**
 * A service account under a name that holds in every cluster:
 * `<prefix><cluster>:<namespace>:<name>`.
 */
export const globalServiceAccountPrefix = 'system:kcp:serviceaccount:';

export const scopesExtra = 'authentication.kcp.io/scopes';
export const homeClusterExtra = 'authentication.kcp.io/cluster-name';
export const warrantExtra = 'authorization.kcp.io/warrant';

/** How users and groups of a consumer are named in a provider's permission policy. */
export const bindingPrefix = 'apis.kcp.io:binding:';
/** The same in the earlier draft of the API. */
export const earlierBindingPrefix = 'apis.kcp.dev:binding:';

/** Namespace and name of a service account's user name; undefined for any other user. */
export function serviceAccountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(serviceAccountPrefix)) return undefined;
  const parts = userName.slice(serviceAccountPrefix.length).split(':');
  const [namespace, name] = parts;
  if (parts.length !== 2 || namespace === undefined || name === undefined || namespace === '' || name === '')
    return undefined;
  return { namespace, name };
}
