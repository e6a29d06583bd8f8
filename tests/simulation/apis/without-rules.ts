/**
 * A shard's store in which a rule is left out: what is read or committed there is not what the
 * shard asked for.
 */

import { bindingsPrefix } from '@kcp-ts/sharing';
import type { CommitResult, Operation, Store } from '@kcp-ts/storage';
import { flagDeleting, parseKey, parseStored, storedFlags, storedHeaderBytes } from '@kcp-ts/storage';
import { isLogicalClusterKey, logicalClusterKey } from '@kcp-ts/tenancy';
import type { ApiRules } from './rules.ts';

interface Labelled {
  readonly metadata: { readonly labels?: object; readonly resourceVersion?: string };
}

function withoutLabels(value: Uint8Array): string {
  const { metadata, ...rest } = parseStored<Labelled>(value);
  const { labels: _labels, resourceVersion: _version, ...others } = metadata;
  return JSON.stringify({ ...rest, metadata: others });
}

/** Whether a write changes nothing but the labels of a claimed object. */
function isRelabel(store: Store, operation: Operation): boolean {
  if (operation.op !== 'put' || typeof operation.expect !== 'number') return false;
  if (parseKey(operation.key).resource !== 'configmaps') return false;
  const before = store.peek(operation.key);
  return before !== undefined && withoutLabels(before.value) === withoutLabels(operation.value(before.revision));
}

/** The first piece of what is deleted of a cluster takes the LogicalCluster along. */
function clusterFirst(store: Store, operations: readonly Operation[]): readonly Operation[] {
  const deleted = operations.filter(({ op }) => op === 'delete');
  const [first] = deleted;
  if (first === undefined || deleted.length < 2 || operations.some(({ op }) => op === 'put')) return operations;
  const key = logicalClusterKey(parseKey(first.key).cluster);
  const entry = store.peek(key);
  if (entry === undefined || operations.some((operation) => operation.key === key)) return operations;
  return [{ op: 'delete', key, expect: entry.revision }, ...operations];
}

/** As if it were not being deleted, for who looks no closer. */
function withoutFlags(value: Uint8Array): Uint8Array {
  const copy = Buffer.from(value);
  copy[storedHeaderBytes - 1] = storedFlags(value) & ~flagDeleting;
  return copy;
}

export function withoutRules(rules: ApiRules, store: Store): Store {
  let isUnbinding = false;
  const isDropped = ({ op }: Operation) => !rules.decisions && (op === 'same' || op === 'unchanged');

  async function commit(asked: readonly Operation[]): Promise<CommitResult> {
    let operations = asked.filter((operation) => !isDropped(operation));
    if (!rules.relabel && operations.some(({ op }) => op === 'put')) {
      operations = operations.filter((operation) => !isRelabel(store, operation));
      if (!operations.some(({ op }) => op === 'put'))
        return { status: 'committed', revision: store.currentRevision(), entries: [] };
    }
    return store.commit(rules.clusterLast ? operations : clusterFirst(store, operations));
  }

  return {
    ...store,
    commit,
    peek(key) {
      const entry = store.peek(key);
      if (rules.closedClusters || entry === undefined || !isLogicalClusterKey(key)) return entry;
      return { ...entry, value: withoutFlags(entry.value) };
    },
    floor: () => (isUnbinding && !rules.boundAsOf ? store.currentRevision() : store.floor()),
    subscribe: (listener) =>
      store.subscribe((events) => {
        // What was bound before is no part of history for a watch that gets it now.
        isUnbinding = events.some(({ type, key }) => type === 'delete' && key.startsWith(bindingsPrefix));
        listener(events);
        isUnbinding = false;
      }),
    recent(range, after, limit) {
      if (!rules.claimsAsOf && 'prefix' in range && range.prefix.startsWith(bindingsPrefix)) return [];
      return store.recent(range, after, limit);
    },
  };
}
