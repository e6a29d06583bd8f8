/** Acting as somebody else: what `Impersonate-*` headers ask for, who comes out of it, and what nobody may ask for who has not got it. */
import type { Exchange } from '@kcp-ts/http';
import type { UserInfo } from '@kcp-ts/meta';
import { anonymousUser, StatusError } from '@kcp-ts/meta';
import { adminGroup, authenticatedGroup, mastersGroup, serviceAccountGroups, unauthenticatedGroup } from './groups.ts';

export interface Impersonation {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Groups with a meaning beyond one workspace. All of `system:kcp:` is the server's own, the ones that it gives out today and tomorrow. */
export const reservedGroups: readonly string[] = [
  mastersGroup,
  authenticatedGroup,
  'system:kcp:admin',
  'system:kcp:logical-cluster-admin',
  'system:kcp:external-logical-cluster-admin',
  'system:kcp:tenancy:workspace-bootstrapper',
];
export const reservedGroupPrefix = 'system:kcp:';

/** Extras that make another identity, or another home, out of a user: with them one would be more than the name says. */
export const reservedExtras: readonly string[] = ['authorization.kcp.io/warrant', 'authentication.kcp.io/cluster-name'];

const extraPrefix = 'impersonate-extra-';

/** An extra's key may hold percent-encoded characters; a key that cannot be decoded is taken as it is. */
function extraKey(header: string): string {
  const escaped = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

interface Asked {
  user: string;
  uid: string | undefined;
  readonly groups: string[];
  readonly extra: Map<string, string[]>;
}

function collect(rawHeaders: readonly string[]): Asked {
  const asked: Asked = { user: '', uid: undefined, groups: [], extra: new Map() };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (!name.startsWith('impersonate-')) continue;
    if (name === 'impersonate-user') {
      if (asked.user === '') asked.user = value;
    } else if (name === 'impersonate-uid') asked.uid ??= value;
    else if (name === 'impersonate-group') asked.groups.push(value);
    else if (name.startsWith(extraPrefix)) {
      const key = extraKey(name);
      asked.extra.set(key, [...(asked.extra.get(key) ?? []), value]);
    }
  }
  return asked;
}

/** Go's `%v` of the object references that the impersonation filter would check. */
function describe({ groups, uid, extra }: Asked): string {
  const references = groups.map((group) => `{Group  ${group}    }`);
  for (const [key, values] of extra) {
    for (const value of values) references.push(`{UserExtra  ${value}  authentication.k8s.io/v1  ${key}}`);
  }
  if (uid !== undefined && uid !== '') references.push(`{UID  ${uid}  authentication.k8s.io/v1  }`);
  return `[${references.join(' ')}]`;
}

/**
 * What the headers ask for; undefined without any. Reads the raw headers, since a group may hold a comma. Throws BadRequest when groups, a
 * uid or extras come without a user.
 */
export function impersonationOf({ rawHeaders }: Pick<Exchange, 'rawHeaders'>): Impersonation | undefined {
  const asked = collect(rawHeaders);
  const { user, groups, extra } = asked;
  const uid = asked.uid === '' ? undefined : asked.uid;
  if (user === '') {
    if (groups.length === 0 && extra.size === 0 && uid === undefined) return undefined;
    throw StatusError.badRequest(`requested ${describe(asked)} without impersonating a user`);
  }
  return { user, uid, groups, extra: Object.fromEntries(extra) };
}

/** Reserved groups are for those who have them; members of system:masters may be anybody. RBAC decides about the others. */
export function mayImpersonateGroup(requester: UserInfo, group: string): boolean {
  if (requester.groups.includes(mastersGroup) || requester.groups.includes(group)) return true;
  return !reservedGroups.includes(group) && !group.startsWith(reservedGroupPrefix);
}

/** Reserved extras are for administrators of the installation. Scopes are not among them: they only ever take away. */
export function mayImpersonateExtra(requester: UserInfo, key: string): boolean {
  return (
    !reservedExtras.includes(key) || requester.groups.includes(mastersGroup) || requester.groups.includes(adminGroup)
  );
}

/** What of a request for impersonation no RBAC rule can allow. To be asked before RBAC; throws Forbidden. */
export function checkReserved(requester: UserInfo, wanted: Impersonation): void {
  const allowed =
    impersonatedUser(wanted).groups.every((group) => mayImpersonateGroup(requester, group)) &&
    Object.keys(wanted.extra).every((key) => mayImpersonateExtra(requester, key));
  if (!allowed) throw new StatusError('Forbidden', 'impersonation is not allowed for the requestor');
}

const serviceAccountName = /^system:serviceaccount:([^:]+):[^:]+$/;

/** Who comes out: as in Kubernetes, a service account gets its groups when none are named, and everybody but the anonymous system:authenticated. */
export function impersonatedUser({ user, uid, groups, extra }: Impersonation): UserInfo {
  const namespace = serviceAccountName.exec(user)?.[1];
  const named = groups.length === 0 && namespace !== undefined ? serviceAccountGroups(namespace) : groups;
  const given = user === anonymousUser.name ? unauthenticatedGroup : authenticatedGroup;
  const settled = named.includes(authenticatedGroup) || named.includes(unauthenticatedGroup);
  return {
    name: user,
    ...(uid === undefined ? {} : { uid }),
    groups: settled ? named : [...named, given],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
