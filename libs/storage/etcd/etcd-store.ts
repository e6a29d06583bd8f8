/**
 * A shard's store in etcd: a replica mirrors the shard, and serves nothing, until it owns it. One
 * owner at a time: every transaction compares the owner's key, and what is read is only answered
 * while the owner's lease surely holds. (Order and durability, "Ownership".)
 */
import type { Clock, Random } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import type { EtcdClient, EtcdLease, EtcdOptions } from '@kcp-ts/etcd';
import { createEtcdClient, etcdCommit, etcdGet, grantEtcdLease, watchEtcd } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';
import { StorageFault } from '../engine/backend.ts';
import type { StoreOptions } from '../engine/create-store.ts';
import { createStore, historyMaxAgeMsDefault, historyMaxBytesDefault } from '../engine/create-store.ts';
import { withTransformer } from '../engine/transform-backend.ts';
import type { Store } from '../store.ts';
import type { ValueTransformer } from '../value-transformer.ts';
import { bootId } from './boot-id.ts';
import { createEtcdBackend } from './etcd-backend.ts';
import { announceMirror, compactRegularly } from './etcd-compaction.ts';
import { keysOf } from './etcd-records.ts';
import type { Mirror } from './mirror.ts';
import { mirrorFolder, openMirror } from './mirror.ts';
import type { OutageReport } from './outage-report.ts';
import { createOutageReport } from './outage-report.ts';
import { prepareMirrored } from './prepare-mirrored.ts';

export interface EtcdReplicaOptions extends StoreOptions {
  readonly etcd: EtcdOptions;
  /** What the shard's keys begin with: `/kcp/shard-1`. */
  readonly prefix: string;
  /** The folder of the mirror; one process at a time may have it open. */
  readonly path: string;
  readonly mapSizeBytes?: number | undefined;
  /** Encrypts what lies in etcd and in the mirror; in the clear when absent. */
  readonly transformer?: ValueTransformer | undefined;
  /** Shown to processes that ask who owns the shard. */
  readonly owner: string;
  readonly random: Random;
  /** For leases, where the store's own clock is a test's. */
  readonly leaseClock?: Clock | undefined;
  /** Seconds that an owner's death goes unnoticed, at most; 3 when absent. */
  readonly leaseSeconds?: number | undefined;
  /** `unavailable`: etcd does not answer; each reason (`detail`) is reported once, seldom again. */
  onState?(
    state: 'mirroring' | 'resynchronising' | 'restored' | 'unavailable' | 'failing' | 'owner' | 'lost',
    detail: string,
  ): void;
}

/** What one replica has of a shard, from when it took it until it lost it. */
export interface OwnedShard extends AsyncDisposable {
  readonly store: Store;
  /** After a read: whether it may be answered, since nobody else can have committed meanwhile. */
  holds(): boolean;
  /**
   * Resolves, with the reason, when the shard is no longer ours: the store commits nothing any
   * more, and is to be disposed of.
   */
  readonly lost: Promise<Error>;
}

/** `lagMs`: how long ago the mirror surely had all that etcd had; infinite before it is read. */
export type ReplicaRole = { readonly role: 'owner' } | { readonly role: 'standby'; readonly lagMs: number };

export interface EtcdReplica extends AsyncDisposable {
  /**
   * Mirrors until it owns the shard. It can be called again when that has been lost. Rejects when
   * the signal is aborted.
   */
  own(signal?: AbortSignal): Promise<OwnedShard>;
  role(): ReplicaRole;
  /** How long it surely owns the shard without a further word of etcd; 0 where it does not. */
  leaseRemainingMs(): number;
  /** Transactions sent to etcd. */
  transactions(): number;
  /** Calls that etcd did not answer, or refused, while this process did not own the shard. */
  etcdFailures(): number;
}

const mapSizeDefault = 2 ** 36;
const tryMs = 500;

/** Also for the client whose write nobody knows the end of. */
const leaseLost = 'this process no longer owns the shard, and what was asked may have been done';

export async function openEtcdReplica(options: EtcdReplicaOptions): Promise<EtcdReplica> {
  const keys = keysOf(options.prefix);
  const mirror = openMirror(
    {
      place: mirrorFolder(options.path, options.mapSizeBytes ?? mapSizeDefault),
      bootId: await bootId(),
      clock: options.clock,
      historyMaxAgeMs: options.historyMaxAgeMs ?? historyMaxAgeMsDefault,
      historyMaxBytes: options.historyMaxBytes ?? historyMaxBytesDefault,
      prepare: options.transformer?.prepare,
    },
    keys,
  );
  return createEtcdReplica(options, { mirror, client: createEtcdClient(options.etcd) });
}

/** What a replica is made of; both are closed with it. */
export interface EtcdReplicaParts {
  readonly mirror: Mirror;
  readonly client: EtcdClient;
}

export function createEtcdReplica(
  options: Omit<EtcdReplicaOptions, 'etcd' | 'path' | 'mapSizeBytes'>,
  parts: EtcdReplicaParts,
): EtcdReplica {
  return new Replica(options, parts);
}

interface Taken {
  readonly lease: EtcdLease;
  readonly createRevision: bigint;
  /** Aborted when what was taken is lost again. */
  readonly lost: AbortController;
}

class Replica implements EtcdReplica {
  readonly #options: Parameters<typeof createEtcdReplica>[0];
  readonly #clock: Clock;
  readonly #client: EtcdClient;
  readonly #keys: ReturnType<typeof keysOf>;
  readonly #mirror: Mirror;
  readonly #outage: OutageReport;
  #following: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  /** etcd's revision up to which everything has been applied while following. */
  #progress = 0n;
  /** When, on the monotonic clock, etcd surely had nothing that is not here. */
  #completeMs = Number.NEGATIVE_INFINITY;
  #waiters = new Set<() => void>();
  #transactions = 0;
  #owned: OwnedShard | undefined;
  #lease: EtcdLease | undefined;
  #announcing: AsyncDisposable | undefined;
  /** The owner's key, by its create revision, that was ours and is not any more. */
  #given: bigint | undefined;

  constructor(options: Parameters<typeof createEtcdReplica>[0], { mirror, client }: EtcdReplicaParts) {
    this.#options = options;
    this.#clock = options.leaseClock ?? options.clock;
    this.#client = client;
    this.#keys = keysOf(options.prefix);
    this.#mirror = mirror;
    this.#outage = createOutageReport(this.#clock, (reason) => options.onState?.('unavailable', reason));
  }

  role(): ReplicaRole {
    return this.#owned === undefined
      ? { role: 'standby', lagMs: this.#clock.monotonic() - this.#completeMs }
      : { role: 'owner' };
  }

  leaseRemainingMs(): number {
    return this.#owned === undefined ? 0 : Math.max(0, this.#lease?.remainingMs() ?? 0);
  }

  readonly transactions = () => this.#transactions;
  readonly etcdFailures = () => this.#outage.failures();

  /** etcd is away, or does not let us in: it is asked again. */
  #notAnswered(error: unknown): undefined {
    if (!(error instanceof RpcError)) throw error;
    this.#outage.failed(error);
    return undefined;
  }

  async own(signal?: AbortSignal): Promise<OwnedShard> {
    await this.#owned?.[Symbol.asyncDispose]();
    for (;;) {
      if (signal?.aborted === true) throw new Error('Cannot own the shard: given up');
      this.#startFollowing();
      const taken = await this.#take().catch((error: unknown) => this.#notAnswered(error));
      if (taken !== undefined) {
        const owned = await this.#begin(taken, signal).catch(async (error: unknown) => {
          // With the lease, which is not waited for, the shard is free again.
          void taken.lease.release();
          return error === taken.lost.signal.reason ? undefined : this.#notAnswered(error);
        });
        if (owned !== undefined) return owned;
      }
      await this.#untilWoken(signal);
    }
  }

  /** For a moment; the owner's key going away is in what is followed: then at once. */
  async #untilWoken(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const endWait = () => {
        timer[Symbol.dispose]();
        signal?.removeEventListener('abort', endWait);
        this.#waiters.delete(endWait);
        resolve();
      };
      const timer = this.#clock.setTimer(tryMs, endWait);
      signal?.addEventListener('abort', endWait, { once: true });
      this.#waiters.add(endWait);
    });
  }

  /** Undefined if another process owns the shard. */
  async #take(): Promise<Taken | undefined> {
    const { owner, commit } = this.#keys;
    const { entry } = await etcdGet(this.#client, owner);
    if (entry !== undefined) {
      if (entry.createRevision === this.#given) await this.#giveBack(this.#given);
      return undefined;
    }
    const lease = await grantEtcdLease(this.#client, this.#clock, {
      ttlSeconds: this.#options.leaseSeconds ?? 3,
      key: commit,
      seen: () => this.#mirror.etcdRevision(),
    });
    const value = Buffer.from(JSON.stringify({ owner: this.#options.owner }));
    const { succeeded, revision } = await etcdCommit(
      this.#client,
      [{ key: owner, version: 0n }],
      [{ put: owner, value, lease: lease.id }],
    ).catch(async (error: unknown) => {
      // It may have been applied: with the lease it goes away again.
      await lease.release();
      throw error;
    });
    if (succeeded) {
      const lost = new AbortController();
      void lease.lost.then(() => lost.abort(new StorageFault(leaseLost)));
      return { lease, createRevision: revision, lost };
    }
    await lease.release();
    return undefined;
  }

  /** An ownership that we have given up, since etcd was silent, and that it still knows. */
  async #giveBack(createRevision: bigint): Promise<void> {
    const { owner } = this.#keys;
    await etcdCommit(this.#client, [{ key: owner, createRevision }], [{ delete: owner }]);
  }

  async #begin({ lease, createRevision, lost }: Taken, signal?: AbortSignal): Promise<OwnedShard> {
    // Everything that any owner before us has committed is at or below the revision at which we
    // took over.
    await this.#caughtUp(createRevision, AbortSignal.any([lost.signal, signal ?? lost.signal]));
    await this.#stopFollowing();
    const { transformer } = this.#options;
    await prepareMirrored(this.#mirror.backend(), transformer);
    const { entry } = await etcdGet(this.#client, this.#keys.commit, undefined, lost.signal);
    const backend = createEtcdBackend({
      client: this.#client,
      keys: this.#keys,
      mirror: this.#mirror,
      ownership: { createRevision, version: entry?.version ?? 0n, state: this.#mirror.state() },
      clock: this.#clock,
      random: this.#options.random,
      lost: lost.signal,
      lose: (error) => lost.abort(error),
      settled: lease.settled,
      onTransaction: () => void this.#transactions++,
    });
    const store = await createStore(withTransformer(backend, transformer), this.#options);
    const compaction = compactRegularly(this.#client, { clock: this.#clock });
    const { promise: isLost, resolve } = Promise.withResolvers<Error>();
    const tell = () => {
      const error = lost.signal.reason as Error;
      this.#options.onState?.('lost', error.message);
      resolve(error);
    };
    if (lost.signal.aborted) tell();
    else lost.signal.addEventListener('abort', tell, { once: true });
    let closing: Promise<void> | undefined;
    const close = async () => {
      compaction[Symbol.dispose]();
      // From here on nothing more is taken.
      await store[Symbol.asyncDispose]();
      if (this.#owned === owned) this.#owned = undefined;
      lost.signal.removeEventListener('abort', tell);
      // An owner that has lost the shard need not wait for an etcd that may be away.
      if (lost.signal.aborted) {
        this.#given = createRevision;
        void lease.release();
      } else await lease.release();
    };
    const owned: OwnedShard = {
      store,
      holds: () => !lost.signal.aborted && lease.holds(),
      lost: isLost,
      [Symbol.asyncDispose]: () => (closing ??= close()),
    };
    this.#owned = owned;
    this.#lease = lease;
    this.#options.onState?.('owner', this.#options.prefix);
    return owned;
  }

  /** Rejects, with the reason, when the signal is aborted. */
  async #caughtUp(revision: bigint, signal: AbortSignal): Promise<void> {
    while (this.#progress < revision) {
      signal.throwIfAborted();
      await this.#untilWoken(signal);
    }
  }

  #advance(revision: bigint): void {
    if (revision > this.#progress) this.#progress = revision;
    for (const endWait of [...this.#waiters]) endWait();
  }

  #startFollowing(): void {
    if (this.#following !== undefined) return;
    const stop = new AbortController();
    this.#progress = 0n;
    this.#following = { stop, ended: this.#follow(stop.signal) };
  }

  async #stopFollowing(): Promise<void> {
    this.#following?.stop.abort();
    await this.#following?.ended;
    this.#following = undefined;
  }

  /** What etcd says goes to the mirror, in order, for as long as we do not own the shard. */
  async #follow(signal: AbortSignal): Promise<void> {
    let state: 'unknown' | 'same' | 'restored' | 'compacted' = 'unknown';
    let announced = false;
    while (!signal.aborted) {
      try {
        if (state === 'unknown' && this.#mirror.etcdRevision() > 0n)
          state = await this.#mirror.compare(this.#client, this.#keys);
        if (state !== 'same') {
          // Not for each attempt.
          if (!announced) {
            if (state === 'restored') this.#options.onState?.('restored', this.#options.prefix);
            this.#options.onState?.('resynchronising', this.#options.prefix);
            announced = true;
          }
          this.#completeMs = Number.NEGATIVE_INFINITY;
          await this.#mirror.resynchronise(this.#client, this.#keys, state === 'restored');
          announced = false;
        }
        state = await this.#mirrorFrom(signal);
      } catch (thrown) {
        // etcd is away, or the disk of the mirror is full: what is here is whole, up to where it
        // says.
        if (thrown instanceof RpcError) this.#outage.failed(thrown);
        else this.#options.onState?.('failing', String(thrown));
        if (state === 'same') state = 'unknown';
        if (!signal.aborted) await pauseOn(this.#clock, tryMs);
      }
    }
  }

  /** Resolves, when the watch is over, to what became of what is here. */
  async #mirrorFrom(signal: AbortSignal): Promise<'same' | 'restored' | 'compacted'> {
    let found: 'same' | 'restored' | 'compacted' = 'same';
    this.#advance(this.#mirror.etcdRevision());
    this.#announcing ??= announceMirror(this.#client, {
      name: this.#options.random.uuid(),
      revision: () => this.#mirror.etcdRevision(),
      clock: this.#clock,
    });
    this.#options.onState?.('mirroring', this.#options.prefix);
    await watchEtcd(
      this.#client,
      this.#keys.all,
      this.#mirror.etcdRevision(),
      {
        changes: async (changes, revision) => {
          await this.#mirror.apply(changes, revision);
          this.#advance(revision);
        },
        broken: (error) => this.#outage.failed(error),
        progress: (askedMs) => {
          this.#completeMs = Math.max(this.#completeMs, askedMs);
        },
        connected: async () => {
          this.#outage.answered();
          found = await this.#mirror.compare(this.#client, this.#keys);
          return found === 'same';
        },
        compacted: () => {
          found = 'compacted';
        },
      },
      { clock: this.#clock, signal },
    );
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned?.[Symbol.asyncDispose]();
    await this.#stopFollowing();
    await this.#announcing?.[Symbol.asyncDispose]();
    await this.#mirror.close();
    this.#client[Symbol.dispose]();
  }
}
