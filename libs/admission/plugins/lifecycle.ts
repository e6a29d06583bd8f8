/**
 * A create relies on the incarnations of its logical cluster and namespace, and of the definition
 * or binding that brings its resource: they are checked here for a proper answer, and again by the
 * commit, since they may be deleted while a plugin waits.
 */
import type { StatusCause } from '@kcp-ts/api';
import { groupResourceText, StatusError } from '@kcp-ts/api';
import type { Attributes, RegistryDependencies } from '@kcp-ts/registry';
import { namespaceKey } from '@kcp-ts/registry';
import type { Operation, Store } from '@kcp-ts/storage';
import { flagDeleting, storedFlags } from '@kcp-ts/storage';
import type { AdmissionPlugin } from '../plugin.ts';

const namespaces = { group: '', plural: 'namespaces' };

function terminating({ requested, namespace }: Attributes, name: string): StatusError {
  const { definition } = requested;
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

export interface LifecycleDependencies extends Pick<RegistryDependencies, 'logicalClusterKey'> {
  readonly store: Pick<Store, 'peek'>;
}

function isDeleting(value: Uint8Array): boolean {
  return (storedFlags(value) & flagDeleting) !== 0;
}

/**
 * The definition or binding that brings the resource must be the one that the object was validated
 * under. A client that sends the request again is answered under the new one.
 */
function checkOrigin({ store }: LifecycleDependencies, attributes: Attributes, name: string): Operation[] {
  const { requested, servedBy } = attributes;
  const { definition, origin } = requested;
  if (origin.kind === 'builtin') return [];
  const entry = servedBy && store.peek(servedBy.key);
  if (servedBy === undefined || entry === undefined) throw StatusError.pathNotFound();
  if (entry.createRevision !== servedBy.createRevision)
    throw new StatusError(
      'ServiceUnavailable',
      `${groupResourceText(definition)} was deleted and made again while the object was created: try again`,
      { retryAfterSeconds: 1 },
    );
  if (origin.terminating || isDeleting(entry.value))
    throw StatusError.forbidden(definition, name, 'create not allowed while custom resource definition is terminating');
  return [{ op: 'check', key: entry.key, createRevision: entry.createRevision }];
}

function checkCluster(deps: LifecycleDependencies, { requested, cluster }: Attributes, name: string): Operation[] {
  const { definition } = requested;
  const key = deps.logicalClusterKey(cluster);
  if (key === undefined) return [];
  const entry = deps.store.peek(key);
  const refuse = (why: string) => StatusError.forbidden(definition, name, `unable to create new content in ${why}`);
  if (entry === undefined) throw refuse('a logical cluster that does not exist');
  if (isDeleting(entry.value)) throw refuse('a logical cluster that is being deleted');
  return [{ op: 'check', key, createRevision: entry.createRevision }];
}

function checkNamespace({ store }: LifecycleDependencies, attributes: Attributes, name: string): Operation[] {
  const { requested, cluster, namespace } = attributes;
  if (!requested.definition.namespaced) return [];
  const key = namespaceKey(cluster, namespace);
  const entry = store.peek(key);
  if (entry === undefined) throw StatusError.notFound(namespaces, namespace);
  if (isDeleting(entry.value)) throw terminating(attributes, name);
  return [{ op: 'check', key, createRevision: entry.createRevision }];
}

/** Throws where the namespace, the logical cluster or the definition does not take new content. */
export function createLifecycle(deps: LifecycleDependencies): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    operations: ['CREATE'],
    settle(attributes) {
      const name = attributes.object?.metadata.name ?? '';
      return [
        ...checkOrigin(deps, attributes, name),
        ...checkCluster(deps, attributes, name),
        ...checkNamespace(deps, attributes, name),
      ];
    },
  };
}
