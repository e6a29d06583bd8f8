/**
 * Groups that are served by an earlier name as well, for manifests from before the renaming:
 * earlier name to current one.
 */
const renamedGroups: Readonly<Record<string, string>> = { 'apis.kcp.dev': 'apis.kcp.io' };

/**
 * The group that a group's name means now. Rights, claims and reservations are about the resource,
 * whichever of its names it is asked for by.
 */
export function currentGroup(group: string): string {
  return Object.hasOwn(renamedGroups, group) ? (renamedGroups[group] ?? group) : group;
}
