/**
 * Brings the claim labels of existing objects up to date, and commits again what was shown or
 * hidden meanwhile, in bounded commits beside other work.
 */

import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import type { ClaimTables } from '@kcp-ts/sharing';
import type { Decision, Operation } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch } from '@kcp-ts/storage';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation } from './writer.ts';

/**
 * Labels every object of a resource in a cluster as the claims of that cluster ask for now; false
 * where what it was decided on has changed meanwhile.
 */
export async function relabelClaimed(
  deps: ControllerDependencies & { readonly turns: Turns },
  decision: Decision,
  claims: ClaimTables,
  served: ServedResource,
  cluster: LogicalClusterName,
): Promise<boolean> {
  const resource = { group: served.definition.group, plural: served.definition.plural, identity: served.identity };
  const slices = deps.turns.begin();
  for (let again = true; again; ) {
    again = false;
    for await (const entries of eachBatch(deps.store, { prefix: `${served.prefix}${cluster}/` })) {
      const operations: Operation[] = [];
      for (const entry of entries) {
        // An object may be large, and its resource claimed in many ways since it was written.
        if (slices.due) await slices.pause();
        const object = objectOf<KubeObject>(served, entry);
        // First, while it is known of which revision it is.
        const flipped = claims.hasFlipped(cluster, resource, object);
        if (claims.label(cluster, resource, object) || flipped)
          operations.push(replaceOperation(deps, served, entry, object));
      }
      for (const commit of cutIntoCommits(deps.store, operations)) {
        // One object that was written meanwhile fails its commit: the writer labelled it, the
        // others come in the next turn.
        if (!(await decision.commit(commit))) again = true;
      }
    }
    if (again && !(await decision.holds())) return false;
  }
  return true;
}
