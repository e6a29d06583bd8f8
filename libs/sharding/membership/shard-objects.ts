/**
 * The shard that holds root keeps a Shard object for every shard that has joined: so workspaces and
 * partitions can be scheduled, and an operator can mark one as unschedulable. What people write
 * there (labels, annotations) stays theirs. A Shard object that is deleted takes its shard out.
 */
import type { ClusterName, KubeObject } from '@kcp-ts/api';
import { asClusterName } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { currentObject, objectKey, stampCreated, storedObject, timestampOf } from '@kcp-ts/registry';
import { nameOfKey } from '@kcp-ts/sharing';
import type { Operation, Store } from '@kcp-ts/storage';
import type { WatchHub } from '@kcp-ts/watch';

/** What of a shard that has joined its object says. */
export interface JoinedShard {
  readonly name: string;
  readonly baseUrl: string;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ShardObjectDependencies {
  readonly store: Pick<Store, 'peek' | 'commit'>;
  readonly hub: Pick<WatchHub, 'onChanges'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly shardNumber: number;
  served(group: string, plural: string): ServedResource;
}

interface ShardObject extends KubeObject {
  spec?: { baseURL?: string; externalURL?: string; virtualWorkspaceURL?: string };
}

const root: ClusterName = asClusterName('root');
const attempts = 5;

function operationFor(deps: ShardObjectDependencies, shard: JoinedShard): Operation | undefined {
  const served = deps.served('core.kcp.io', 'shards');
  const key = objectKey(served, root, '', shard.name);
  const entry = deps.store.peek(key);
  const spec = {
    baseURL: shard.baseUrl,
    externalURL: shard.externalUrl,
    virtualWorkspaceURL: shard.virtualWorkspaceUrl,
  };
  const labels = { ...shard.labels, name: shard.name };
  const timestamp = timestampOf(deps.clock.now());
  if (entry === undefined) {
    const object: ShardObject = {
      apiVersion: 'core.kcp.io/v1alpha1',
      kind: 'Shard',
      metadata: { name: shard.name, labels },
      spec,
    };
    stampCreated(object, { cluster: root, namespace: '', uid: deps.random.uuid(), timestamp, generation: true });
    const value = (revision: Parameters<typeof storedObject>[2]) =>
      storedObject(served, object, revision, deps.shardNumber);
    return { op: 'put', key, expect: 'absent', value };
  }
  const object = currentObject(served, entry.value) as ShardObject;
  const before = JSON.stringify(object);
  object.spec = { ...object.spec, ...spec };
  object.metadata.labels = { ...labels, ...object.metadata.labels };
  if (JSON.stringify(object) === before) return undefined;
  object.metadata.generation = (object.metadata.generation ?? 1) + 1;
  return {
    op: 'put',
    key,
    expect: entry.revision,
    value: (revision) => storedObject(served, object, revision, deps.shardNumber),
  };
}

async function keep(deps: ShardObjectDependencies, shard: JoinedShard): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const operation = operationFor(deps, shard);
    if (operation === undefined || (await deps.store.commit([operation])).status === 'committed') return;
  }
}

export interface ShardObjects extends Disposable {
  /** The shards that are in the installation now. */
  joined(shards: readonly JoinedShard[]): Promise<void>;
}

/** `leave` is called with the name of a shard whose object was deleted. */
export function keepShardObjects(deps: ShardObjectDependencies, leave: (shard: string) => void): ShardObjects {
  const { prefix } = deps.served('core.kcp.io', 'shards');
  const following = deps.hub.onChanges((changes) => {
    for (const { event } of changes)
      if (event.type === 'delete' && event.key.startsWith(prefix)) leave(nameOfKey(event.key));
  });
  let last: Promise<void> = Promise.resolve();
  return {
    joined(shards) {
      last = last.then(async () => {
        for (const shard of shards) await keep(deps, shard);
      });
      return last;
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  };
}
