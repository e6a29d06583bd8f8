/** Empties a namespace that is being deleted, then removes it. */

import type { Condition, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Controller, Outcome } from '@kcp-ts/controller-runtime';
import { commit, conflict, nothing, wait } from '@kcp-ts/controller-runtime';
import { namespaceKey } from '@kcp-ts/registry';
import type { Decision, Entry } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch, flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import { removeOperation } from './delete-instances.ts';
import { namespacesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

const remainingRetryMs = 5_000;

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: Condition[] };
}

function isDeleting(value: Uint8Array): boolean {
  return (storedFlags(value) & flagDeleting) !== 0;
}

export function createNamespaceDeletion(deps: ControllerDependencies): Controller {
  const served = () => deps.served('', 'namespaces');
  /** Namespaces that wait for objects with finalizers: a deletion in them is looked at. */
  const waiting = new Set<string>();

  async function empty(
    decision: Decision,
    cluster: LogicalClusterName,
    namespace: string,
  ): Promise<number | 'conflict'> {
    const now = timestamp(deps);
    for (let again = true; again; ) {
      again = false;
      for await (const entries of eachBatch(deps.store, { cluster, namespace })) {
        const operations = entries.flatMap((entry) => removeOperation(deps, entry, now) ?? []);
        for (const some of cutIntoCommits(deps.store, operations)) if (!(await decision.commit(some))) again = true;
      }
      if (again && !(await decision.holds())) return 'conflict';
    }
    return deps.store.count({ cluster, namespace });
  }

  /**
   * `kubernetes` is our own finalizer; others in spec.finalizers, and those in metadata, are
   * somebody else's.
   */
  function finish(entry: Entry): Outcome {
    const object = objectOf<Namespace>(served(), entry);
    const finalizers = (object.spec?.finalizers ?? []).filter((text) => text !== 'kubernetes');
    const others = (object.metadata.finalizers ?? []).length;
    if (finalizers.length === 0 && others === 0) {
      return commit([{ op: 'delete', key: entry.key, expect: entry.revision }]);
    }
    if (finalizers.length === (object.spec?.finalizers ?? []).length) return nothing;
    object.spec = { ...object.spec, finalizers };
    return commit([replaceOperation(deps, served(), entry, object)]);
  }

  return {
    name: 'namespace-deletion',
    watches: [
      {
        prefix: namespacesPrefix,
        initial: ({ key, value }) => (isDeleting(value) ? [key] : []),
        keys: ({ event }) => (event.type === 'put' && isDeleting(event.value) ? [event.key] : []),
      },
      {
        prefix: '',
        keys(change) {
          if (waiting.size === 0 || change.event.type !== 'delete' || change.parts.namespace === '') return [];
          const key = namespaceKey(change.parts.cluster, change.parts.namespace);
          return waiting.has(key) ? [key] : [];
        },
      },
    ],
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined) {
        waiting.delete(key);
        return nothing;
      }
      const { cluster, name } = parseKey(key);
      const left = await empty(decision, cluster, name);
      if (left === 'conflict') return conflict;
      if (left > 0) {
        waiting.add(key);
        return wait(remainingRetryMs, 'objects with finalizers remain');
      }
      waiting.delete(key);
      const latest = decision.peek(key);
      return latest === undefined ? nothing : finish(latest);
    },
  };
}
