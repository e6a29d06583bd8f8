/** Groups that the server itself gives out. */
export const authenticatedGroup = 'system:authenticated';
export const serviceAccountsGroup = 'system:serviceaccounts';
export const mastersGroup = 'system:masters';
export const adminGroup = 'system:kcp:admin';

/** `system:serviceaccounts` and the one of the namespace. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}

export function withAuthenticated(groups: readonly string[]): readonly string[] {
  return groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup];
}
