/** Impersonation: who may, and which user the request then has. */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { AccessRequest, ResourceQuestion } from './attributes.ts';
import { hasGroup } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import { forbiddenError } from './forbidden-error.ts';
import {
  anonymousName,
  authenticatedGroup,
  bootstrapperGroup,
  clusterAdminGroup,
  externalClusterAdminGroup,
  kcpAdminGroup,
  mastersGroup,
  scopesExtra,
  serviceAccountOf,
  unauthenticatedGroup,
} from './well-known.ts';

/** What the `Impersonate-…` headers ask for. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  /** Keys decoded and in lower case. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * Groups with rights in more than one workspace: only who is in them may hand them on, and a user
 * who is in `system:masters`. All of `system:kcp:` is held back, so that a group that is added
 * later is safe from the start (GHSA-c7xh-gjv4-4jgv).
 */
export const reservedGroups = {
  names: [
    mastersGroup,
    authenticatedGroup,
    kcpAdminGroup,
    bootstrapperGroup,
    clusterAdminGroup,
    externalClusterAdminGroup,
  ],
  prefixes: ['system:kcp:'],
} as const;

/**
 * Extras with such keys grant rights (scopes, warrants, home clusters); only authenticators may set
 * them.
 */
const reservedExtraPart = 'kcp.io';

function refuse(why: string): StatusError {
  return new StatusError('Forbidden', `forbidden: ${why}`, {});
}

function isReserved(group: string): boolean {
  return (
    (reservedGroups.names as readonly string[]).includes(group) ||
    reservedGroups.prefixes.some((prefix) => group.startsWith(prefix))
  );
}

function checkReserved(requester: UserInfo, wanted: Impersonation): void {
  for (const key of Object.keys(wanted.extra)) {
    if (key.toLowerCase().includes(reservedExtraPart))
      throw refuse(`impersonating the extra key ${JSON.stringify(key)} is not allowed for the requestor`);
  }
  for (const group of wanted.groups) {
    if (isReserved(group) && !hasGroup(requester, group))
      throw refuse('impersonation is not allowed for the requestor');
  }
}

type Target = Pick<ResourceQuestion, 'group' | 'resource' | 'name'> & Partial<ResourceQuestion>;

/** Everything that must be allowed, in the order in which Kubernetes asks. */
function targetsOf(wanted: Impersonation): readonly Target[] {
  const account = serviceAccountOf(wanted.user);
  const targets: Target[] = [
    account === undefined
      ? { group: '', resource: 'users', name: wanted.user }
      : { group: '', resource: 'serviceaccounts', namespace: account.namespace, name: account.name },
  ];
  for (const name of wanted.groups) targets.push({ group: '', resource: 'groups', name });
  for (const [subresource, values] of Object.entries(wanted.extra)) {
    for (const name of values)
      targets.push({ group: 'authentication.k8s.io', resource: 'userextras', subresource, name });
  }
  if (wanted.uid !== undefined && wanted.uid !== '')
    targets.push({ group: 'authentication.k8s.io', resource: 'uids', name: wanted.uid });
  return targets;
}

function groupsOf(wanted: Impersonation): readonly string[] {
  const account = serviceAccountOf(wanted.user);
  const groups = [...wanted.groups];
  if (groups.length === 0 && account !== undefined)
    groups.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`);
  const known = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  if (wanted.user === anonymousName) {
    if (!groups.includes(unauthenticatedGroup)) groups.push(unauthenticatedGroup);
  } else if (!known) groups.push(authenticatedGroup);
  return groups;
}

/**
 * The user that `requester` becomes in `cluster`: held to that cluster by a scope, unless the
 * requester is in `system:masters`. Throws a StatusError Forbidden where it may not.
 */
export function impersonate(
  authorizer: Authorizer,
  requester: UserInfo,
  wanted: Impersonation,
  cluster: LogicalClusterName,
): UserInfo {
  if (wanted.user === '') throw StatusError.badRequest('groups, uid or extra requested without impersonating a user');
  const isMaster = hasGroup(requester, mastersGroup);
  if (!isMaster) {
    checkReserved(requester, wanted);
    for (const target of targetsOf(wanted)) {
      const request: AccessRequest = {
        user: requester,
        cluster,
        verb: 'impersonate',
        kind: 'resource',
        version: 'v1',
        subresource: '',
        namespace: '',
        ...target,
      };
      if (!authorizer.authorize(request).allowed) throw forbiddenError(request);
    }
  }
  const scopes = wanted.extra[scopesExtra] ?? [];
  const extra = isMaster ? wanted.extra : { ...wanted.extra, [scopesExtra]: [...scopes, `cluster:${cluster}`] };
  return {
    name: wanted.user,
    ...(wanted.uid === undefined || wanted.uid === '' ? {} : { uid: wanted.uid }),
    groups: groupsOf(wanted),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
