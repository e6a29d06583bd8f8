/** What other shards ask of this one: to make a logical cluster for a workspace of theirs, to say how it does, and to take it away. */

import { asClusterName } from '@kcp-ts/api';
import type { ClusterOrder, ClusterRemoval } from '@kcp-ts/controllers';
import { remainingMessage } from '@kcp-ts/controllers';
import { timestampOf } from '@kcp-ts/registry';
import { logicalClusterKey } from '@kcp-ts/sharding';
import { isDrawnClusterName } from '@kcp-ts/sharing';
import { flagDeleting, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, MadeCluster, ResolvedType } from '@kcp-ts/tenancy';
import { parseTypeName, planCluster } from '@kcp-ts/tenancy';
import type { Core } from './core.ts';
import type { Tenancy } from './strategies.ts';

export type OrderRefusal =
  /** Not a name that is drawn for a workspace: it may be that of a home, or of the system. */
  | 'invalid-name'
  /** A cluster of that name is there, and belongs to somebody else. */
  | 'taken'
  /** The type is not known here. */
  | 'unknown-type'
  /** It is being deleted. */
  | 'deleting';

export type OrderOutcome =
  | { readonly status: 'made'; readonly cluster: MadeCluster }
  | { readonly status: 'refused'; readonly why: OrderRefusal };

export interface ClusterOrders {
  create(order: ClusterOrder): Promise<OrderOutcome>;
  /** Undefined where there is none, or it is going. */
  describe(cluster: string): MadeCluster | undefined;
  /** `message`: what it waits for. */
  remove(
    cluster: string,
    ownerUid: string,
  ): Promise<{ readonly gone: true } | { readonly gone: false; readonly message: string }>;
}

export interface ClusterOrderDependencies {
  readonly core: Core;
  readonly tenancy: Tenancy;
  readonly removal: ClusterRemoval;
  /** Where clients reach workspaces. */
  readonly externalUrl: string;
}

const removalAttempts = 5;
/** An order may be overtaken by its own removal for no longer than a call may take. */
const removedKeptMs = 60_000;

function refused(why: OrderRefusal): OrderOutcome {
  return { status: 'refused', why };
}

// check-allow function-length -- one handler for each request, over the same pending clusters
export function createClusterOrders({ core, tenancy, removal, externalUrl }: ClusterOrderDependencies): ClusterOrders {
  /** Clusters that are being made; resolves when they are, or could not be. A removal that did not wait would leave the cluster behind for good. */
  const making = new Map<string, Promise<void>>();
  /** Clusters that were asked to go, and when, oldest first: an order that its removal has overtaken makes nothing. Names are never used again. */
  const removed = new Map<string, number>();

  function rememberRemoved(name: string): void {
    const now = core.clock.monotonic();
    for (const [old, at] of removed) {
      if (now - at < removedKeptMs) break;
      removed.delete(old);
    }
    removed.delete(name);
    removed.set(name, now);
  }

  function find(name: string): { readonly object: LogicalCluster; readonly deleting: boolean } | undefined {
    const entry = core.store.peek(logicalClusterKey(name));
    if (entry === undefined) return undefined;
    const deleting = (storedFlags(entry.value) & flagDeleting) !== 0;
    return { object: parseStored<LogicalCluster>(entry.value), deleting };
  }

  function stateOf({ metadata, status }: LogicalCluster): MadeCluster {
    const { phase = 'Scheduling', initializers = [], terminators = [] } = status ?? {};
    const path = metadata.annotations?.['kcp.io/path'] ?? '';
    return { phase, initializers, terminators, url: `${externalUrl}/clusters/${path}` };
  }

  async function typeOf({ type, typeCluster }: ClusterOrder): Promise<ResolvedType | undefined> {
    const parts = parseTypeName(type);
    if (parts === undefined) return undefined;
    const known = tenancy.types.at(parts.path, parts.name, typeCluster);
    if (known !== undefined) return known;
    // Whoever asks may have just been told of it.
    await core.peers?.catchUp();
    return tenancy.types.at(parts.path, parts.name, typeCluster);
  }

  function existing(order: ClusterOrder): OrderOutcome | undefined {
    const found = find(order.cluster);
    if (found === undefined) return undefined;
    if (found.object.spec?.owner?.uid !== order.owner.uid) return refused('taken');
    return found.deleting ? refused('deleting') : { status: 'made', cluster: stateOf(found.object) };
  }

  async function make(order: ClusterOrder): Promise<OrderOutcome> {
    if (!isDrawnClusterName(order.cluster)) return refused('invalid-name');
    const before = existing(order);
    if (before !== undefined) return before;
    const type = await typeOf(order);
    if (type === undefined) return refused('unknown-type');
    if (removed.has(order.cluster)) return refused('deleting');
    const planned = planCluster(tenancy.plan, {
      cluster: asClusterName(order.cluster),
      path: order.path,
      type,
      aliases: tenancy.types.aliases(type),
      creator: order.creator,
      shard: core.shardName,
      url: externalUrl,
      owner: order.owner,
      requiredGroups: order.requiredGroups,
      timestamp: timestampOf(core.clock.now()),
    });
    const result = await core.store.commit(planned.operations);
    // Asked twice at once: the first has made it.
    if (result.status === 'conflict') return existing(order) ?? refused('taken');
    const { phase, initializers, terminators } = planned;
    return {
      status: 'made',
      cluster: { phase, initializers, terminators, url: `${externalUrl}/clusters/${order.path}` },
    };
  }

  return {
    async create(order) {
      const { cluster } = order;
      const made = (making.get(cluster) ?? Promise.resolve()).then(() => make(order));
      const over = made.then(
        () => undefined,
        () => undefined,
      );
      making.set(cluster, over);
      try {
        return await made;
      } finally {
        if (making.get(cluster) === over) making.delete(cluster);
      }
    },
    describe(name) {
      const found = find(name);
      return found === undefined || found.deleting ? undefined : stateOf(found.object);
    },
    async remove(name, ownerUid) {
      await making.get(name);
      rememberRemoved(name);
      for (let attempt = 0; attempt < removalAttempts; attempt++) {
        const found = find(name);
        if (found !== undefined && found.object.spec?.owner?.uid !== ownerUid) return { gone: true };
        if (found === undefined) {
          // It may have gone this moment, by other hands: whoever is told so forgets it, so it must be durable.
          const gone = await core.store.commit([
            { op: 'check', key: logicalClusterKey(name), createRevision: 'absent' },
          ]);
          if (gone.status === 'committed') return { gone: true };
          continue;
        }
        const outcome = await removal.remove(core.decide(), name, undefined);
        if (outcome.status === 'gone') return { gone: true };
        if (outcome.status === 'waiting') return { gone: false, message: remainingMessage(outcome.remaining) };
      }
      return { gone: false, message: 'Some resources are remaining' };
    },
  };
}
