/**
 * The users that a user acts as in a cluster: itself if it may, less if it belongs to another
 * cluster, and those it brings a warrant of.
 */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import {
  anonymousName,
  authenticatedGroup,
  foreignClusterGroupPrefix,
  globalServiceAccountPrefix,
  homeClusterExtra,
  scopesExtra,
  serviceAccountOf,
  serviceAccountPrefix,
  unauthenticatedGroup,
  warrantExtra,
} from './well-known.ts';

/** Warrants inside of warrants beyond this depth are not read. */
const warrantDepthMax = 4;
const clusterScope = 'cluster:';

/** A scope's value is a list of alternatives, `cluster:a,cluster:b`. */
function scopeClusters(value: string): readonly string[] {
  return value
    .split(',')
    .filter((item) => item.startsWith(clusterScope) && item.length > clusterScope.length)
    .map((item) => item.slice(clusterScope.length));
}

/**
 * The homes that a service account is said to have: none where it is not said, or for any other
 * user.
 */
function homesOf(user: UserInfo): readonly string[] {
  return user.name.startsWith(serviceAccountPrefix) ? (user.extra?.[homeClusterExtra] ?? []) : [];
}

/** The home of a service account; undefined without exactly one. */
export function homeOf(user: UserInfo): string | undefined {
  const [home, ...more] = homesOf(user);
  return more.length > 0 ? undefined : home;
}

/**
 * The clusters that every scope and the home of a service account have in common; undefined where
 * neither is given. A service account with several homes is at home nowhere (IsForeign in kcp's
 * fork).
 */
function clustersAllowed(user: UserInfo): readonly string[] | undefined {
  const sets = (user.extra?.[scopesExtra] ?? []).map(scopeClusters);
  const homes = homesOf(user);
  if (homes.length > 0) sets.push(homes.length === 1 ? homes : []);
  const [first, ...others] = sets;
  return first?.filter((cluster) => others.every((set) => set.includes(cluster)));
}

/** Whether the user carries scopes or a home at all, which hold it to clusters. */
export function isHeld(user: UserInfo): boolean {
  return clustersAllowed(user) !== undefined;
}

/**
 * Whether the user's scopes, and the home of a service account, let it act as itself in a cluster.
 */
export function isInScope(user: UserInfo, cluster: LogicalClusterName): boolean {
  return clustersAllowed(user)?.includes(cluster) ?? true;
}

/**
 * A user outside its scopes: anonymous, and a member of `system:cluster:<name>` for each cluster
 * that its scopes allow.
 */
export function outOfScope(user: UserInfo): UserInfo {
  return reduced(user, clustersAllowed(user) ?? []);
}

function reduced(user: UserInfo, clusters: readonly string[]): UserInfo {
  if (!user.groups.includes(authenticatedGroup)) return { name: anonymousName, groups: [unauthenticatedGroup] };
  const foreign = [...new Set(clusters)].map((cluster) => `${foreignClusterGroupPrefix}${cluster}`);
  return { name: anonymousName, groups: [authenticatedGroup, ...foreign] };
}

/**
 * A service account by the name that counts in every cluster. The scope that its token carries is
 * its home; a scope that allows neither its home nor the cluster takes this name from it.
 */
function globalServiceAccount(user: UserInfo, cluster: LogicalClusterName): UserInfo | undefined {
  const account = serviceAccountOf(user.name);
  const home = homeOf(user);
  if (account === undefined || home === undefined) return undefined;
  const scopes = (user.extra?.[scopesExtra] ?? []).map(scopeClusters);
  if (!scopes.every((clusters) => clusters.includes(home) || clusters.includes(cluster))) return undefined;
  return {
    name: `${globalServiceAccountPrefix}${home}:${account.namespace}:${account.name}`,
    groups: [authenticatedGroup],
  };
}

/**
 * The name by which a user who acts in a cluster is given rights in another one: a service
 * account's own name means somebody else there. One that does not say where it is at home is the
 * cluster's own. Undefined for one that is at home nowhere.
 */
export function nameInOtherClusters(user: UserInfo, cluster: LogicalClusterName): string | undefined {
  const account = serviceAccountOf(user.name);
  if (account === undefined) return user.name;
  const home = user.extra?.[homeClusterExtra] === undefined ? cluster : homeOf(user);
  return home === undefined ? undefined : `${globalServiceAccountPrefix}${home}:${account.namespace}:${account.name}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/**
 * The user of a warrant's JSON; undefined for what is not one, and for a service account that does
 * not say where it is at home.
 */
function warrantUser(text: string): UserInfo | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const { user, uid, groups, extra } = parsed as Readonly<Record<string, unknown>>;
  if (typeof user !== 'string' || user === '') return undefined;
  if (groups !== undefined && groups !== null && !isTexts(groups)) return undefined;
  if (typeof extra !== 'object' && extra !== undefined) return undefined;
  const extras = Object.entries(extra ?? {});
  if (!extras.every(([, values]) => isTexts(values))) return undefined;
  const home = (extra as Readonly<Record<string, readonly string[]>> | null | undefined)?.[homeClusterExtra] ?? [];
  if (user.startsWith(serviceAccountPrefix) && home.length === 0) return undefined;
  return {
    name: user,
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: groups ?? [],
    ...(extras.length === 0 ? {} : { extra: Object.fromEntries(extras) }),
  };
}

/**
 * A service account at home is in `system:cluster:<home>`, as its own programs are in other
 * clusters.
 */
function atHome(user: UserInfo): UserInfo {
  const home = homeOf(user);
  if (home === undefined) return user;
  const group = `${foreignClusterGroupPrefix}${home}`;
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}

/**
 * The user itself and, recursively, everybody it carries a warrant of, as they were sent: before
 * scopes. The user is the first.
 */
export function withWarranted(user: UserInfo): readonly UserInfo[] {
  const users: UserInfo[] = [];
  const collect = (one: UserInfo, depth: number) => {
    users.push(one);
    if (depth >= warrantDepthMax) return;
    for (const text of one.extra?.[warrantExtra] ?? []) {
      const warranted = warrantUser(text);
      if (warranted !== undefined) collect(warranted, depth + 1);
    }
  };
  collect(user, 0);
  return users;
}

/**
 * Whether the user carries anything that counts here. Most do not, and those with a certificate
 * carry other extras.
 */
function isMoreThanItself({ extra }: UserInfo): boolean {
  return (
    extra !== undefined &&
    (extra[scopesExtra] !== undefined || extra[homeClusterExtra] !== undefined || extra[warrantExtra] !== undefined)
  );
}

/**
 * Everybody whose rights count for the user in this cluster (EffectiveUsers in kcp's fork). The
 * first is the user itself, or who it is outside its scopes; the others add rights and never take
 * any. Not empty.
 */
export function effectiveUsers(user: UserInfo, cluster: LogicalClusterName): readonly [UserInfo, ...UserInfo[]] {
  if (!isMoreThanItself(user)) return [user];
  const [first, ...others] = withWarranted(user).flatMap((one) => {
    const account = globalServiceAccount(one, cluster);
    const self = isInScope(one, cluster) ? atHome(one) : outOfScope(one);
    return account === undefined ? [self] : [self, account];
  });
  return [first ?? user, ...others];
}
