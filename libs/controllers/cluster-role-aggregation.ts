/**
 * Gives aggregating ClusterRoles the rules of the roles that their selectors pick. A key is a
 * cluster: a change of any of its roles may be one of what is picked, and one pass over them, in
 * slices, serves all that aggregate and all changes until then.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { PolicyRule, Role } from '@kcp-ts/authz';
import { aggregatedRules } from '@kcp-ts/authz';
import type { Turns } from '@kcp-ts/base';
import type { Controller } from '@kcp-ts/controller-runtime';
import { nothingUnlessConflict } from '@kcp-ts/controller-runtime';
import type { Decision, Entry } from '@kcp-ts/storage';
import { eachBatch, hasText, parseKey, parseStored } from '@kcp-ts/storage';
import { clusterRolesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation } from './writer.ts';

export interface AggregationDependencies extends ControllerDependencies {
  readonly turns: Turns;
}

type WritableRole = KubeObject & Omit<Role, 'rules'> & { rules?: readonly PolicyRule[] | null };

function mayAggregate(value: Uint8Array): boolean {
  return hasText(value, '"aggregationRule"');
}

export function createClusterRoleAggregation(deps: AggregationDependencies): Controller {
  const served = () => deps.served('rbac.authorization.k8s.io', 'clusterroles');
  /** Keys of aggregating roles, by cluster. */
  const aggregating = new Map<string, Set<string>>();

  function note(cluster: LogicalClusterName, key: string): void {
    const known = aggregating.get(cluster);
    if (known === undefined) aggregating.set(cluster, new Set([key]));
    else known.add(key);
  }

  function forget(cluster: LogicalClusterName, key: string): void {
    const known = aggregating.get(cluster);
    known?.delete(key);
    if (known?.size === 0) aggregating.delete(cluster);
  }

  async function* rolesOf(cluster: LogicalClusterName): AsyncIterable<Role> {
    for await (const entries of eachBatch(deps.store, { prefix: `${clusterRolesPrefix}${cluster}/` }))
      for (const { value } of entries) yield parseStored<Role>(value);
  }

  /** False on a conflict. */
  async function aggregate(decision: Decision, cluster: LogicalClusterName, entry: Entry): Promise<boolean> {
    const role = objectOf<WritableRole>(served(), entry);
    const rules = await aggregatedRules(role, rolesOf(cluster), deps.turns.begin());
    if (rules === undefined || isDeepStrictEqual(rules, role.rules ?? [])) return true;
    role.rules = rules;
    return decision.commit([replaceOperation(deps, served(), entry, role)]);
  }

  return {
    name: 'cluster-role-aggregation',
    watches: [
      {
        prefix: clusterRolesPrefix,
        initial({ key, value }) {
          if (!mayAggregate(value)) return [];
          const { cluster } = parseKey(key);
          note(cluster, key);
          return [cluster];
        },
        keys({ event, parts: { cluster } }) {
          if (event.type === 'delete') forget(cluster, event.key);
          else if (mayAggregate(event.value)) note(cluster, event.key);
          return aggregating.has(cluster) ? [cluster] : [];
        },
      },
    ],
    async reconcile(cluster, decision) {
      let committed = true;
      for (const key of [...(aggregating.get(cluster) ?? [])]) {
        const entry = decision.peek(key);
        if (entry === undefined || !mayAggregate(entry.value)) forget(cluster, key);
        else if (!(await aggregate(decision, cluster, entry))) committed = false;
      }
      return nothingUnlessConflict(committed);
    },
  };
}
