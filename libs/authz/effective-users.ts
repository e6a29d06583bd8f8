/** As whom a user acts in a cluster: itself if it may, less if it belongs elsewhere, and whoever it brings a warrant of. */
import type { UserInfo } from '@kcp-ts/meta';
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

/** The clusters that every scope and the home of a service account have in common; undefined where neither is given. */
function clustersAllowed(user: UserInfo): readonly string[] | undefined {
  const sets = (user.extra?.[scopesExtra] ?? []).map(scopeClusters);
  const home = user.extra?.[homeClusterExtra] ?? [];
  if (home.length > 0 && user.name.startsWith(serviceAccountPrefix)) sets.push(home);
  const [first, ...others] = sets;
  return first?.filter((cluster) => others.every((set) => set.includes(cluster)));
}

/** Who an outsider is: nobody in particular, of certain other clusters. */
function reduced(user: UserInfo, clusters: readonly string[]): UserInfo {
  if (!user.groups.includes(authenticatedGroup)) return { name: anonymousName, groups: [unauthenticatedGroup] };
  const foreign = [...new Set(clusters)].map((cluster) => `${foreignClusterGroupPrefix}${cluster}`);
  return { name: anonymousName, groups: [authenticatedGroup, ...foreign] };
}

function globalServiceAccount(user: UserInfo): UserInfo | undefined {
  const account = serviceAccountOf(user.name);
  const [home, ...more] = user.extra?.[homeClusterExtra] ?? [];
  if (account === undefined || home === undefined || more.length > 0) return undefined;
  return {
    name: `${globalServiceAccountPrefix}${home}:${account.namespace}:${account.name}`,
    groups: [authenticatedGroup],
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The user of a warrant's JSON; undefined for what is not one, and for a service account that does not say where it is at home. */
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

function collect(user: UserInfo, cluster: string, depth: number, users: UserInfo[]): void {
  const account = globalServiceAccount(user);
  const scopes = user.extra?.[scopesExtra] ?? [];
  const inScope = scopes.every((value) => scopeClusters(value).includes(cluster));
  const allowed = clustersAllowed(user);
  users.push(allowed === undefined || allowed.includes(cluster) ? user : reduced(user, allowed));
  if (account !== undefined && inScope) users.push(account);
  if (depth >= warrantDepthMax) return;
  for (const text of user.extra?.[warrantExtra] ?? []) {
    const warranted = warrantUser(text);
    if (warranted !== undefined) collect(warranted, cluster, depth + 1, users);
  }
}

/** Everybody as whom the user may be judged in this cluster, in the order in which to ask. Not empty. */
export function effectiveUsers(user: UserInfo, cluster: string): readonly UserInfo[] {
  if (user.extra === undefined) return [user];
  const users: UserInfo[] = [];
  collect(user, cluster, 0, users);
  return users;
}
