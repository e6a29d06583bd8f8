/**
 * Puts back what every namespace has when somebody deletes or changes it: the service account
 * `default`, and the ConfigMap with the authorities to trust.
 * (k8s.io/kubernetes/pkg/controller/serviceaccount and certificates/rootcacertpublisher)
 */
import { isDeepStrictEqual } from 'node:util';
import type { ClusterName, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { asClusterName } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import { namespaceKey } from '@kcp-ts/registry';
import type { Entry, Operation, Reads } from '@kcp-ts/storage';
import { flagDeleting, formatKey, parseKey, storedFlags } from '@kcp-ts/storage';
import type { NewObject } from '@kcp-ts/tenancy';
import { createOperation, namespaceContent } from '@kcp-ts/tenancy';
import type { Change } from '@kcp-ts/watch';
import { namespacesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface NamespaceContentsDependencies extends ControllerDependencies {
  readonly caBundle: string;
  /** Whether the cluster is there, and not going away. */
  isLiving(cluster: ClusterName): boolean;
  /** Puts the labels on a new object by which claims find it. */
  label(cluster: LogicalClusterName, created: NewObject): void;
}

function isDeleting({ value }: Entry): boolean {
  return (storedFlags(value) & flagDeleting) !== 0;
}

export function createNamespaceContents(deps: NamespaceContentsDependencies): Controller {
  function keyOf(cluster: LogicalClusterName, { group, plural, namespace, object }: NewObject): string {
    return formatKey({ group, resource: plural, identity: '-', cluster, namespace, name: object.metadata.name });
  }

  /** The operation that puts one object right; undefined where it is. */
  function restore(reads: Reads, cluster: ClusterName, wanted: NewObject): Operation | undefined {
    const entry = reads.peek(keyOf(cluster, wanted));
    if (entry === undefined) {
      deps.label(cluster, wanted);
      const creating = { served: deps.served, uuid: deps.random.uuid, shardNumber: deps.shardNumber };
      return createOperation(creating, cluster, timestamp(deps), wanted);
    }
    const { data } = wanted.object as { data?: unknown };
    if (data === undefined) return undefined;
    const served = deps.served(wanted.group, wanted.plural);
    const object = objectOf<KubeObject & { data?: unknown }>(served, entry);
    if (object['immutable'] === true || isDeepStrictEqual(object.data, data)) return undefined;
    object.data = data;
    return replaceOperation(deps, served, entry, object);
  }

  function lacks(entry: Entry): boolean {
    if (isDeleting(entry)) return false;
    const { cluster, name } = parseKey(entry.key);
    return namespaceContent(name, '').some((wanted) => deps.store.peekHead(keyOf(cluster, wanted)) === undefined);
  }

  return {
    name: 'namespace-contents',
    watches: [
      { prefix: namespacesPrefix, initial: (entry) => (lacks(entry) ? [entry.key] : []) },
      ...namespaceContent('', '').map(({ plural, object }) => ({
        prefix: `core/${plural}/-/`,
        // What a namespace is made with is right.
        keys: ({ event, parts }: Change) =>
          parts.name !== object.metadata.name || (event.type === 'put' && event.previous === undefined)
            ? []
            : [namespaceKey(parts.cluster, parts.namespace)],
      })),
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      const { cluster: text, name } = parseKey(key);
      const cluster = asClusterName(text);
      if (entry === undefined || isDeleting(entry) || !deps.isLiving(cluster)) return nothing;
      return commit(
        namespaceContent(name, deps.caBundle).flatMap((wanted) => restore(decision, cluster, wanted) ?? []),
      );
    },
  };
}
