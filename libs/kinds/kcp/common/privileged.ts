/** Who may write what otherwise only the server writes. */
import type { UserInfo } from '@kcp-ts/api';

const privilegedGroups = [
  'system:masters',
  'system:kcp:logical-cluster-admin',
  'system:kcp:external-logical-cluster-admin',
];

export function isPrivileged(user: UserInfo): boolean {
  return user.groups.some((group) => privilegedGroups.includes(group));
}
