/**
 * Takes the finalizers off that `propagationPolicy=Foreground` and `Orphan` put on a deleted
 * object. Collecting dependents is the garbage collector's, which this server does not have yet;
 * without it there is nothing to wait for, and an object must not hang for ever.
 */

import type { KubeObject } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import type { Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, flagFinalizers, hasText, parseStored, storedFlags } from '@kcp-ts/storage';
import { logicalClustersPrefix } from '@kcp-ts/tenancy';
import { namespacesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { replaceOfAnyKind } from './writer.ts';

const propagationFinalizers = ['foregroundDeletion', 'orphan'];
/** What goes when a controller has emptied it, whatever its finalizers. */
const emptiedByOthers = [namespacesPrefix, logicalClustersPrefix];
const waits = flagDeleting | flagFinalizers;

function isWaiting(value: Uint8Array): boolean {
  if ((storedFlags(value) & waits) !== waits) return false;
  return propagationFinalizers.some((finalizer) => hasText(value, `"${finalizer}"`));
}

export function createDeletionPropagation(deps: ControllerDependencies): Controller {
  function operation(entry: Entry): Operation | undefined {
    const object = parseStored<KubeObject>(entry.value);
    const before = object.metadata.finalizers ?? [];
    const left = before.filter((finalizer) => !propagationFinalizers.includes(finalizer));
    if (left.length === before.length) return undefined;
    if (left.length === 0 && !emptiedByOthers.some((prefix) => entry.key.startsWith(prefix)))
      return { op: 'delete', key: entry.key, expect: entry.revision };
    object.metadata.finalizers = left;
    return replaceOfAnyKind(deps, entry, left.length === 0 ? flagDeleting : waits, () => object);
  }

  return {
    name: 'deletion-propagation',
    watches: [
      {
        prefix: '',
        initial: ({ key, value }) => (isWaiting(value) ? [key] : []),
        keys: ({ event }) => (event.type === 'put' && isWaiting(event.value) ? [event.key] : []),
      },
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      const next = entry === undefined ? undefined : operation(entry);
      return next === undefined ? nothing : commit([next]);
    },
  };
}
