/**
 * What other shards ask of this one: to make a logical cluster for a workspace of theirs, to say
 * how it does, and to take it away.
 */

import type { ClusterName, LogicalClusterName } from '@kcp-ts/api';
import { asClusterName } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { timestampOf } from '@kcp-ts/registry';
import { isDrawnClusterName } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { flagDeleting, parseStored, storedFlags } from '@kcp-ts/storage';
import type {
  ClusterDeletion,
  ClusterRequest,
  LogicalCluster,
  MadeCluster,
  PlanDependencies,
  ResolvedType,
  WorkspaceTypes,
} from '@kcp-ts/tenancy';
import { logicalClusterKey, parseTypeName, planCluster } from '@kcp-ts/tenancy';

export type RequestRefusal =
  /** Not a name that is drawn for a workspace: it may be that of a home, or of the system. */
  | 'invalid-name'
  /** A cluster of that name is there, and belongs to another owner. */
  | 'taken'
  /** The type is not known here. */
  | 'unknown-type'
  /** It is being deleted. */
  | 'deleting';

export type RequestOutcome =
  | { readonly status: 'made'; readonly cluster: MadeCluster }
  | { readonly status: 'refused'; readonly why: RequestRefusal };

export interface ClusterRequests {
  create(request: ClusterRequest): Promise<RequestOutcome>;
  /** Undefined where there is none, or it is going. */
  describe(cluster: LogicalClusterName): MadeCluster | undefined;
  /** `message`: what it waits for. */
  remove(cluster: LogicalClusterName, ownerUid: string): Promise<ClusterDeletion>;
}

export interface ClusterRequestDependencies {
  readonly store: Pick<Store, 'peek' | 'commit'>;
  readonly clock: Clock;
  readonly types: Pick<WorkspaceTypes, 'at' | 'aliases'>;
  readonly plan: PlanDependencies;
  readonly ownShard: string;
  /** Where clients reach workspaces. */
  readonly externalUrl: string;
  /** Resolves when what other shards have committed before the call is known here. */
  catchUp(): Promise<unknown>;
  /**
   * Sets a cluster deleting that its caller has seen, and removes what can go. Undefined where
   * another writer was faster: ask again.
   */
  remove(cluster: ClusterName): Promise<ClusterDeletion | undefined>;
}

const removalAttempts = 5;
/** A request may be overtaken by its own removal for no longer than a call may take. */
const removedKeptMs = 60_000;

function refused(why: RequestRefusal): RequestOutcome {
  return { status: 'refused', why };
}

// check-allow function-length -- one handler for each request, over the same pending clusters
export function createClusterRequests(deps: ClusterRequestDependencies): ClusterRequests {
  const { store, clock, types, externalUrl } = deps;
  /**
   * Clusters that are being made; resolves when they are, or could not be. A removal that did not
   * wait would leave the cluster behind for good.
   */
  const making = new Map<string, Promise<void>>();
  /**
   * Clusters that were asked to go, and when, oldest first: a request that its removal has
   * overtaken makes nothing. Names are never used again.
   */
  const removed = new Map<string, number>();

  function rememberRemoved(name: string): void {
    const now = clock.monotonic();
    for (const [old, at] of removed) {
      if (now - at < removedKeptMs) break;
      removed.delete(old);
    }
    removed.delete(name);
    removed.set(name, now);
  }

  function find(name: string): { readonly object: LogicalCluster; readonly deleting: boolean } | undefined {
    const entry = store.peek(logicalClusterKey(name));
    if (entry === undefined) return undefined;
    const deleting = (storedFlags(entry.value) & flagDeleting) !== 0;
    return { object: parseStored<LogicalCluster>(entry.value), deleting };
  }

  function stateOf({ metadata, status }: LogicalCluster): MadeCluster {
    const { phase = 'Scheduling', initializers = [], terminators = [] } = status ?? {};
    const path = metadata.annotations?.['kcp.io/path'] ?? '';
    return { phase, initializers, terminators, url: `${externalUrl}/clusters/${path}` };
  }

  async function typeOf({ type, typeCluster }: ClusterRequest): Promise<ResolvedType | undefined> {
    const parts = parseTypeName(type);
    if (parts === undefined) return undefined;
    const known = types.at(parts.path, parts.name, typeCluster);
    if (known !== undefined) return known;
    // The caller may have just received it.
    await deps.catchUp();
    return types.at(parts.path, parts.name, typeCluster);
  }

  function existing(request: ClusterRequest): RequestOutcome | undefined {
    const found = find(request.cluster);
    if (found === undefined) return undefined;
    if (found.object.spec?.owner?.uid !== request.owner.uid) return refused('taken');
    return found.deleting ? refused('deleting') : { status: 'made', cluster: stateOf(found.object) };
  }

  async function make(request: ClusterRequest): Promise<RequestOutcome> {
    if (!isDrawnClusterName(request.cluster)) return refused('invalid-name');
    const before = existing(request);
    if (before !== undefined) return before;
    const type = await typeOf(request);
    if (type === undefined) return refused('unknown-type');
    if (removed.has(request.cluster)) return refused('deleting');
    const planned = planCluster(deps.plan, {
      cluster: asClusterName(request.cluster),
      path: request.path,
      type,
      aliases: types.aliases(type),
      creator: request.creator,
      shard: deps.ownShard,
      url: externalUrl,
      owner: request.owner,
      requiredGroups: request.requiredGroups,
      timestamp: timestampOf(clock.now()),
    });
    const result = await store.commit(planned.operations);
    // Asked twice at once: the first has made it.
    if (result.status === 'conflict') return existing(request) ?? refused('taken');
    const { phase, initializers, terminators } = planned;
    return {
      status: 'made',
      cluster: { phase, initializers, terminators, url: `${externalUrl}/clusters/${request.path}` },
    };
  }

  return {
    async create(request) {
      const { cluster } = request;
      const made = (making.get(cluster) ?? Promise.resolve()).then(() => make(request));
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
          // It may have gone this moment, by other hands: the caller then forgets it, so it must be
          // durable.
          const gone = await store.commit([{ op: 'check', key: logicalClusterKey(name), createRevision: 'absent' }]);
          if (gone.status === 'committed') return { gone: true };
          continue;
        }
        const outcome = await deps.remove(asClusterName(name));
        if (outcome !== undefined) return outcome;
      }
      return { gone: false, message: 'Some resources are remaining' };
    },
  };
}
