/**
 * The maximal permission policy of an export: its provider says, in the export's cluster, what
 * consumers may do at most.
 */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import type { Question } from './attributes.ts';
import { homeOf, isHeld, isInScope, outOfScope, withWarranted } from './effective-users.ts';
import type { Rbac } from './rbac.ts';
import { bindingPrefix, earlierBindingPrefix, globalServiceAccountPrefix, serviceAccountOf } from './well-known.ts';

/** Where the users of a policy are judged. */
export interface PolicyPlace {
  readonly exportCluster: LogicalClusterName;
  /**
   * The cluster whose bound resource is asked for; undefined for a provider that acts through its
   * own virtual workspace.
   */
  readonly consumer: string | undefined;
}

function itself(user: UserInfo, name = user.name): UserInfo {
  return { name, groups: user.groups };
}

/**
 * The user that a user counts as in the policy. A user outside its scopes in the consumer's cluster
 * counts as nobody at all, as in kcp. One whose scopes allow the consumer's cluster and not the
 * export's (a user that was impersonated there) counts as somebody of that cluster, without its
 * name and groups: the consumer's admin chooses those. A service account is known by its global
 * name at its one home, and through a virtual workspace; one that carries neither home nor scope,
 * in a hand-written SubjectAccessReview, is taken for the consumer's own.
 */
function policyUser(user: UserInfo, { exportCluster, consumer }: PolicyPlace): UserInfo | undefined {
  if (consumer !== undefined && !isInScope(user, consumer)) return undefined;
  const account = serviceAccountOf(user.name);
  if (account === undefined) return isInScope(user, exportCluster) ? itself(user) : outOfScope(user);
  const home = homeOf(user) ?? (isHeld(user) ? undefined : consumer);
  if (home === undefined || !isInScope(user, home)) return outOfScope(user);
  return itself(user, `${globalServiceAccountPrefix}${home}:${account.namespace}:${account.name}`);
}

function prefixed({ name, groups }: UserInfo, prefix: string): UserInfo {
  return { name: prefix + name, groups: groups.map((group) => prefix + group) };
}

/**
 * Whether the export's cluster allows what `user` asks for. Who it carries warrants of counts too.
 * The prefix of the earlier draft (`apis.kcp.dev:binding:`) is read only where the provider names
 * nobody by the prefix of today, so that it never adds to a policy of today.
 */
export function policyAllows(rbac: Rbac, user: UserInfo, place: PolicyPlace, question: Question): boolean {
  const users = withWarranted(user).flatMap((one) => policyUser(one, place) ?? []);
  const allows = (prefix: string) =>
    users.some((one) => rbac.allows(prefixed(one, prefix), place.exportCluster, question));
  return allows(bindingPrefix) || (!rbac.bindsConsumers(place.exportCluster) && allows(earlierBindingPrefix));
}
