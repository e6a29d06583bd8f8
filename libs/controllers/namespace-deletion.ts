/** Empties a namespace that is being deleted, then removes it. */

import type { Condition, KubeObject } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { namespaceKey } from '@kcp-ts/registry';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch, flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import { removeOperation } from './delete-instances.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

const namespacesPrefix = 'core/namespaces/-/';
const remainingRetryMs = 5_000;

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: Condition[] };
}

export function createNamespaceDeletion(deps: ControllerDependencies): Controller {
  const served = () => deps.served('', 'namespaces');
  /** Namespaces that wait for objects with finalizers: a deletion in them wakes us. */
  const waiting = new Set<string>();

  async function empty(decision: Decision, cluster: string, namespace: string): Promise<number | 'raced'> {
    const now = timestamp(deps);
    for (let again = true; again; ) {
      again = false;
      for await (const entries of eachBatch(deps.store, { cluster, namespace })) {
        const operations = entries.flatMap((entry) => removeOperation(deps, entry, now) ?? []);
        for (const commit of cutIntoCommits(deps.store, operations)) if (!(await decision.commit(commit))) again = true;
      }
      if (again && !(await decision.holds())) return 'raced';
    }
    return deps.store.count({ cluster, namespace });
  }

  /** `kubernetes` is our own finalizer; others in spec.finalizers, and those in metadata, are somebody else's. */
  async function finish(decision: Decision, entry: Entry): Promise<number | undefined> {
    const object = objectOf<Namespace>(served(), entry);
    const finalizers = (object.spec?.finalizers ?? []).filter((text) => text !== 'kubernetes');
    const others = (object.metadata.finalizers ?? []).length;
    if (finalizers.length === 0 && others === 0) {
      return commitOrAgain(decision, [{ op: 'delete', key: entry.key, expect: entry.revision }]);
    }
    if (finalizers.length === (object.spec?.finalizers ?? []).length) return undefined;
    object.spec = { ...object.spec, finalizers };
    const operation: Operation = replaceOperation(deps, served(), entry, object);
    return commitOrAgain(decision, [operation]);
  }

  return {
    name: 'namespace-deletion',
    wake({ event, parts }) {
      if (event.key.startsWith(namespacesPrefix))
        return event.type === 'put' && (storedFlags(event.value) & flagDeleting) !== 0 ? [event.key] : [];
      if (event.type !== 'delete' || parts.namespace === '' || waiting.size === 0) return [];
      const key = namespaceKey(parts.cluster, parts.namespace);
      return waiting.has(key) ? [key] : [];
    },
    resume: () =>
      keysToResume(deps.store, namespacesPrefix, (entry) => (storedFlags(entry.value) & flagDeleting) !== 0),
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined) {
        waiting.delete(key);
        return undefined;
      }
      const { cluster, name } = parseKey(key);
      const left = await empty(decision, cluster, name);
      if (left === 'raced') return lostRaceMs;
      if (left > 0) {
        waiting.add(key);
        return remainingRetryMs;
      }
      waiting.delete(key);
      const latest = decision.peek(key);
      return latest === undefined ? undefined : finish(decision, latest);
    },
  };
}
