/**
 * Collects what belongs to no logical cluster that is there, after a start: an earlier version
 * deleted the LogicalCluster before the rest, and what a conflict or a killed process left behind
 * counted for the next cluster of that name. A cluster is made with its LogicalCluster first, so
 * what is older is not its own.
 */

import type { LogicalClusterName } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { conflict, nothing } from '@kcp-ts/controller-runtime';
import { bindingsPrefix, definitionsPrefix } from '@kcp-ts/sharing';
import type { Entry, Operation } from '@kcp-ts/storage';
import { eachBatch, parseKey } from '@kcp-ts/storage';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { clusterRoleBindingsPrefix, clusterRolesPrefix, namespacesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitInBatches } from './writer.ts';

export interface FormerContentsDependencies extends ControllerDependencies {}

/** What was deleted last: where anything is left, some of these are. */
const lastKinds: readonly string[] = [
  namespacesPrefix,
  clusterRolesPrefix,
  clusterRoleBindingsPrefix,
  bindingsPrefix,
  definitionsPrefix,
];

export function createFormerContents(deps: FormerContentsDependencies): Controller {
  /** Clusters that are not made by an order: the system's own, and the root that all are below. */
  function isOwn(cluster: LogicalClusterName): boolean {
    return cluster === 'root' || cluster.startsWith('system:');
  }

  /** Whether an entry was there before its cluster was; all are where there is no cluster. */
  function isFormer({ createRevision }: Entry, owner: Entry | undefined): boolean {
    return owner === undefined || createRevision < owner.createRevision;
  }

  return {
    name: 'former-contents',
    watches: lastKinds.map((prefix) => ({
      prefix,
      initial(entry) {
        const { cluster } = parseKey(entry.key);
        return !isOwn(cluster) && isFormer(entry, deps.store.get(logicalClusterKey(cluster))) ? [cluster] : [];
      },
    })),
    async reconcile(cluster, decision) {
      const owner = decision.peek(logicalClusterKey(cluster));
      for await (const entries of eachBatch(deps.store, { cluster })) {
        const operations: Operation[] = entries
          .filter((entry) => entry.key !== owner?.key && isFormer(entry, owner))
          .map(({ key, revision }) => ({ op: 'delete', key, expect: revision }));
        if (!(await commitInBatches(deps, decision, operations))) return conflict;
      }
      return nothing;
    },
  };
}
