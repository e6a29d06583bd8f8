/** Empties a namespace that is being deleted, then removes it. */
import type { Controller } from '@kcp-ts/controller';
import type { Condition, KubeObject } from '@kcp-ts/meta';
import { namespaceKey } from '@kcp-ts/registry';
import type { Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import { removeOperation } from './delete-instances.ts';
import type { ControllerNeeds } from './writer.ts';
import {
  committed,
  cutIntoCommits,
  eachPiece,
  keysToResume,
  lostRaceMs,
  objectOf,
  replaceOperation,
  timestamp,
} from './writer.ts';

const namespacesPrefix = 'core/namespaces/-/';
const remainingRetryMs = 5_000;

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: Condition[] };
}

export function createNamespaceDeletion(needs: ControllerNeeds): Controller {
  const served = () => needs.served('', 'namespaces');
  /** Namespaces that wait for objects with finalizers: a deletion in them wakes us. */
  const waiting = new Set<string>();

  async function empty(cluster: string, namespace: string): Promise<number> {
    const now = timestamp(needs);
    for (let again = true; again; ) {
      again = false;
      for await (const entries of eachPiece(needs.store, { cluster, namespace })) {
        const operations = entries.flatMap((entry) => removeOperation(needs, entry, now) ?? []);
        for (const commit of cutIntoCommits(needs.store, operations))
          if (!(await committed(needs, commit))) again = true;
      }
    }
    return needs.store.count({ cluster, namespace });
  }

  /** `kubernetes` is our own finalizer; others in spec.finalizers, and those in metadata, are somebody else's. */
  async function finish(entry: Entry): Promise<number | undefined> {
    const object = objectOf<Namespace>(served(), entry);
    const finalizers = (object.spec?.finalizers ?? []).filter((text) => text !== 'kubernetes');
    const others = (object.metadata.finalizers ?? []).length;
    if (finalizers.length === 0 && others === 0) {
      return (await committed(needs, [{ op: 'delete', key: entry.key, expect: entry.revision }]))
        ? undefined
        : lostRaceMs;
    }
    if (finalizers.length === (object.spec?.finalizers ?? []).length) return undefined;
    object.spec = { ...object.spec, finalizers };
    const operation: Operation = replaceOperation(needs, served(), entry, object);
    return (await committed(needs, [operation])) ? undefined : lostRaceMs;
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
      keysToResume(needs.store, namespacesPrefix, (entry) => (storedFlags(entry.value) & flagDeleting) !== 0),
    async reconcile(key) {
      const entry = needs.store.peek(key);
      if (entry === undefined) {
        waiting.delete(key);
        return undefined;
      }
      const { cluster, name } = parseKey(key);
      if ((await empty(cluster, name)) > 0) {
        waiting.add(key);
        return remainingRetryMs;
      }
      waiting.delete(key);
      const latest = needs.store.peek(key);
      return latest === undefined ? undefined : finish(latest);
    },
  };
}
