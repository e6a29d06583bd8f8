/**
 * From new objects to the operations that store them: for commits that make more than the one
 * object a client sent.
 */
import type { ClusterName, Revision } from '@kcp-ts/api';
import { writeRulesOf } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import { objectKey, stampCreated, storedObject } from '@kcp-ts/registry';
import type { Operation } from '@kcp-ts/storage';
import type { NewObject } from './initial-objects.ts';

export interface NewOperationDependencies {
  /** The storage version of a built-in, system or root-exported resource. */
  served(group: string, plural: string): ServedResource;
  uuid(): string;
  readonly shardNumber: number;
}

/** A put that creates; conflicts where the object exists. */
export function createOperation(
  deps: NewOperationDependencies,
  cluster: ClusterName,
  timestamp: string,
  created: NewObject,
): Operation {
  const served = deps.served(created.group, created.plural);
  const { object, namespace } = created;
  const generation = writeRulesOf(served.definition).countsGenerations;
  stampCreated(object, { cluster, namespace, uid: deps.uuid(), timestamp, generation });
  return {
    op: 'put',
    key: objectKey(served, cluster, namespace, object.metadata.name),
    expect: 'absent',
    value: (revision: Revision) => storedObject(served, object, revision, deps.shardNumber),
  };
}
