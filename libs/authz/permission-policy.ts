/** The maximal permission policy of an export: its provider says, in the export's cluster, what consumers may do at most. */
import type { UserInfo } from '@kcp-ts/meta';
import type { Question } from './attributes.ts';
import type { Rbac } from './rbac.ts';
import { bindingPrefixes, globalServiceAccountPrefix, homeClusterExtra, serviceAccountOf } from './well-known.ts';

/** A consumer's user under the names that a provider's RBAC knows it by. */
export function prefixedUser(user: UserInfo, cluster: string, prefix: string): UserInfo {
  const account = serviceAccountOf(user.name);
  const home = user.extra?.[homeClusterExtra]?.[0] ?? cluster;
  const name =
    account === undefined ? user.name : `${globalServiceAccountPrefix}${home}:${account.namespace}:${account.name}`;
  return { name: prefix + name, groups: user.groups.map((group) => prefix + group) };
}

/** Whether the export's cluster allows what `user` asks for in `cluster`. */
export function policyAllows(
  rbac: Rbac,
  user: UserInfo,
  cluster: string,
  exportCluster: string,
  question: Question,
): boolean {
  return bindingPrefixes.some((prefix) => rbac.allows(prefixedUser(user, cluster, prefix), exportCluster, question));
}
