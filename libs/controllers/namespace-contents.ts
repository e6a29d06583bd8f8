/**
 * Puts back what every namespace has when somebody deletes or changes it: the service account `default`, and the ConfigMap with the authorities to trust.
 * (k8s.io/kubernetes/pkg/controller/serviceaccount and certificates/rootcacertpublisher)
 */
import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '@kcp-ts/controller';
import type { ClusterName, KubeObject } from '@kcp-ts/meta';
import { asClusterName } from '@kcp-ts/meta';
import { namespaceKey } from '@kcp-ts/registry';
import type { Entry, Operation, Reads } from '@kcp-ts/storage';
import { flagDeleting, formatKey, parseKey, storedFlags } from '@kcp-ts/storage';
import type { NewObject } from '@kcp-ts/tenancy';
import { createOperation, namespaceContent } from '@kcp-ts/tenancy';
import type { ControllerNeeds } from './writer.ts';
import { commitOrAgain, keysToResume, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface NamespaceContentsNeeds extends ControllerNeeds {
  readonly caBundle: string;
  /** Whether the cluster is there, and not going away. */
  isLiving(cluster: ClusterName): boolean;
  /** Puts the labels on a new object by which claims find it. */
  label(cluster: string, created: NewObject): void;
}

const namespacesPrefix = 'core/namespaces/-/';
const contents = new Set(
  namespaceContent('', '').map(({ plural, object }) => `core/${plural}/-/${object.metadata.name}`),
);

function isDeleting({ value }: Entry): boolean {
  return (storedFlags(value) & flagDeleting) !== 0;
}

export function createNamespaceContents(needs: NamespaceContentsNeeds): Controller {
  function keyOf(cluster: string, { group, plural, namespace, object }: NewObject): string {
    return formatKey({ group, resource: plural, identity: '-', cluster, namespace, name: object.metadata.name });
  }

  /** The operation that puts one object right; undefined where it is. */
  function restore(reads: Reads, cluster: ClusterName, wanted: NewObject): Operation | undefined {
    const entry = reads.peek(keyOf(cluster, wanted));
    if (entry === undefined) {
      needs.label(cluster, wanted);
      const creating = { served: needs.served, uuid: needs.random.uuid, shardNumber: needs.shardNumber };
      return createOperation(creating, cluster, timestamp(needs), wanted);
    }
    const { data } = wanted.object as { data?: unknown };
    if (data === undefined) return undefined;
    const served = needs.served(wanted.group, wanted.plural);
    const object = objectOf<KubeObject & { data?: unknown }>(served, entry);
    if (object['immutable'] === true || isDeepStrictEqual(object.data, data)) return undefined;
    object.data = data;
    return replaceOperation(needs, served, entry, object);
  }

  function lacks(entry: Entry): boolean {
    if (isDeleting(entry)) return false;
    const { cluster, name } = parseKey(entry.key);
    return namespaceContent(name, '').some((wanted) => needs.store.peekHead(keyOf(cluster, wanted)) === undefined);
  }

  return {
    name: 'namespace-contents',
    wake({ event, parts }) {
      // What a namespace is made with is right.
      if (event.type === 'put' && event.previous === undefined) return [];
      const { group, resource, identity, name, cluster, namespace } = parts;
      if (namespace === '' || !contents.has(`${group || 'core'}/${resource}/${identity}/${name}`)) return [];
      return [namespaceKey(cluster, namespace)];
    },
    resume: () => keysToResume(needs.store, namespacesPrefix, lacks),
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      const { cluster: text, name } = parseKey(key);
      const cluster = asClusterName(text);
      if (entry === undefined || isDeleting(entry) || !needs.isLiving(cluster)) return undefined;
      const restored = namespaceContent(name, needs.caBundle).flatMap(
        (wanted) => restore(decision, cluster, wanted) ?? [],
      );
      return commitOrAgain(decision, restored);
    },
  };
}
