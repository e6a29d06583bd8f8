/**
 * Groups whose resources controllers, feeds and indexes act on: no CRD and no APIResourceSchema
 * brings another resource of theirs.
 */
import { currentGroup } from '@kcp-ts/api';

const reserved: readonly string[] = [
  'apis.kcp.io',
  'core.kcp.io',
  'internal.kcp.io',
  'tenancy.kcp.io',
  'topology.kcp.io',
];

/**
 * Whether a group is the system's, by any of its names, or lies below apis.kcp.io. (kcp facts, 7:
 * ReservedCRDGroups, which names apis.kcp.io alone)
 */
export function isReservedGroup(group: string): boolean {
  return reserved.includes(currentGroup(group)) || group.endsWith('.apis.kcp.io') || group.endsWith('.apis.kcp.dev');
}
