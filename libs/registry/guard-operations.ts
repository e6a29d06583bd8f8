/**
 * A create relies on the incarnations of its logical cluster and namespace, and of the definition or binding that brings its resource: they are checked here
 * for a proper answer, and again by the commit, since they may be deleted while admission waits for somebody.
 */
import type { StatusCause } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Operation } from '@kcp-ts/storage';
import { flagDeleting, formatKey, storedFlags } from '@kcp-ts/storage';
import type { RegistryDependencies } from './registry-dependencies.ts';
import type { WriteRequest } from './write-request.ts';

const namespaces = { group: '', plural: 'namespaces' };

export function namespaceKey(cluster: string, namespace: string): string {
  return formatKey({ group: '', resource: 'namespaces', identity: '-', cluster, namespace: '', name: namespace });
}

function terminating(request: WriteRequest, name: string, namespace: string): StatusError {
  const { definition } = request.served;
  const cause: StatusCause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  const error = StatusError.forbidden(
    definition,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  return new StatusError('Forbidden', error.message, { ...error.details, causes: [cause] });
}

/** The `check` operations of a create; throws where the namespace or cluster does not take new content. */
export function guardCreate(deps: RegistryDependencies, request: WriteRequest, name: string): Operation[] {
  const operations: Operation[] = [];
  const { definition, origin } = request.served;
  if (origin.kind !== 'builtin') {
    const key = deps.originKey?.(request.cluster, request.served);
    const entry = key === undefined ? undefined : deps.store.peek(key);
    // What the request was told of it may be old by now: nobody brings the resource any more.
    if (deps.originKey !== undefined && entry === undefined) throw StatusError.pathNotFound();
    if (origin.terminating || (entry !== undefined && (storedFlags(entry.value) & flagDeleting) !== 0))
      throw StatusError.forbidden(
        definition,
        name,
        'create not allowed while custom resource definition is terminating',
      );
    if (entry !== undefined) operations.push({ op: 'check', key: entry.key, createRevision: entry.createRevision });
  }
  const clusterKey = deps.logicalClusterKey(request.cluster);
  if (clusterKey !== undefined) {
    const cluster = deps.store.peek(clusterKey);
    if (cluster === undefined)
      throw StatusError.forbidden(
        definition,
        name,
        'unable to create new content in a logical cluster that does not exist',
      );
    if ((storedFlags(cluster.value) & flagDeleting) !== 0) {
      throw StatusError.forbidden(
        definition,
        name,
        'unable to create new content in a logical cluster that is being deleted',
      );
    }
    operations.push({ op: 'check', key: clusterKey, createRevision: cluster.createRevision });
  }
  if (definition.namespaced) {
    const key = namespaceKey(request.cluster, request.namespace);
    const namespace = deps.store.peek(key);
    if (namespace === undefined) throw StatusError.notFound(namespaces, request.namespace);
    if ((storedFlags(namespace.value) & flagDeleting) !== 0) throw terminating(request, name, request.namespace);
    operations.push({ op: 'check', key, createRevision: namespace.createRevision });
  }
  return operations;
}
