/**
 * A shard's store in etcd: a replica mirrors the shard, and serves nothing, until it owns it. One owner at a time: every transaction compares the owner's key,
 * and what is read is only answered while the owner's lease surely holds. (Order and durability, "Ownership".)
 */
import { readFile } from 'node:fs/promises';
import type { Clock, Random } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import type { StoreOptions } from '../engine/create-store.ts';
import { createStore, historyMaxAgeMsDefault, historyMaxBytesDefault } from '../engine/create-store.ts';
import type { Store } from '../store.ts';
import type { EtcdBackend } from './etcd-backend.ts';
import { createEtcdBackend } from './etcd-backend.ts';
import type { EtcdClient, EtcdOptions } from './etcd-client.ts';
import { createEtcdClient } from './etcd-client.ts';
import { announceMirror, compactRegularly } from './etcd-compaction.ts';
import type { EtcdLease } from './etcd-lease.ts';
import { grantEtcdLease } from './etcd-lease.ts';
import { keysOf } from './etcd-records.ts';
import { etcdCommit, etcdGet } from './etcd-transaction.ts';
import { watchEtcd } from './etcd-watch.ts';
import type { Mirror } from './mirror.ts';
import { openMirror } from './mirror.ts';

export interface EtcdReplicaOptions extends StoreOptions {
  readonly etcd: EtcdOptions;
  /** What the shard's keys begin with: `/kcp/shard-1`. */
  readonly prefix: string;
  /** The folder of the mirror; one process at a time may have it open. */
  readonly path: string;
  readonly mapSizeBytes?: number | undefined;
  /** Shown to whoever asks who owns the shard. */
  readonly owner: string;
  readonly random: Random;
  /** For leases, where the store's own clock is a test's. */
  readonly leaseClock?: Clock | undefined;
  /** Seconds that an owner's death goes unnoticed, at most; 3 when absent. */
  readonly leaseSeconds?: number | undefined;
  onState?(state: 'mirroring' | 'resynchronising' | 'owner' | 'lost', detail: string): void;
}

export interface EtcdReplica extends AsyncDisposable {
  /** Mirrors until it owns the shard; resolves to the store. Rejects when the signal is aborted. */
  own(signal?: AbortSignal): Promise<Store>;
  /** After a read: whether it may be answered, since nobody else can have committed meanwhile. */
  holds(): boolean;
  /** Resolves when the shard is no longer ours: the process ends, and begins again as a standby. */
  readonly lost: Promise<Error>;
  /** Transactions sent to etcd. */
  transactions(): number;
}

const mapSizeDefault = 2 ** 36;
const tryMs = 500;

async function bootId(): Promise<string> {
  // Where there is none to be read, every start is taken for another boot's: the mirror is read anew.
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => String(process.pid));
}

export async function openEtcdReplica(options: EtcdReplicaOptions): Promise<EtcdReplica> {
  const keys = keysOf(options.prefix);
  const mirror = openMirror(
    {
      path: options.path,
      mapSizeBytes: options.mapSizeBytes ?? mapSizeDefault,
      bootId: (await bootId()).trim(),
      clock: options.clock,
      historyMaxAgeMs: options.historyMaxAgeMs ?? historyMaxAgeMsDefault,
      historyMaxBytes: options.historyMaxBytes ?? historyMaxBytesDefault,
    },
    keys,
  );
  return new Replica(options, mirror);
}

class Replica implements EtcdReplica {
  readonly lost: Promise<Error>;
  readonly #options: EtcdReplicaOptions;
  readonly #clock: Clock;
  readonly #client: EtcdClient;
  readonly #keys: ReturnType<typeof keysOf>;
  readonly #mirror: Mirror;
  readonly #following = new AbortController();
  readonly #lose: (error: Error) => void;
  #applied: Promise<void> = Promise.resolve();
  #followed: Promise<void> | undefined;
  #progress = 0n;
  #waiters = new Set<() => void>();
  #lease: EtcdLease | undefined;
  #backend: EtcdBackend | undefined;
  #store: Store | undefined;
  #isLost = false;
  #compaction: Disposable | undefined;
  #announcing: AsyncDisposable | undefined;

  constructor(options: EtcdReplicaOptions, mirror: Mirror) {
    this.#options = options;
    this.#clock = options.leaseClock ?? options.clock;
    this.#client = createEtcdClient(options.etcd);
    this.#keys = keysOf(options.prefix);
    this.#mirror = mirror;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.lost = promise;
    this.#lose = (error) => {
      if (this.#isLost) return;
      this.#isLost = true;
      options.onState?.('lost', error.message);
      resolve(error);
    };
  }

  holds(): boolean {
    return !this.#isLost && this.#lease?.holds() === true;
  }

  transactions(): number {
    return this.#backend?.transactions() ?? 0;
  }

  async own(signal?: AbortSignal): Promise<Store> {
    this.#followed ??= this.#follow();
    for (;;) {
      if (signal?.aborted === true) throw new Error('Cannot own the shard: given up');
      const taken = await this.#take().catch(() => undefined);
      if (taken !== undefined) return this.#begin(taken);
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(tryMs, resolve);
        // The owner's key going away is in what is followed: then at once.
        this.#waiters.add(() => {
          timer[Symbol.dispose]();
          resolve();
        });
      });
    }
  }

  /** Undefined where somebody else owns the shard. */
  async #take(): Promise<{ readonly lease: EtcdLease; readonly createRevision: bigint } | undefined> {
    const { owner } = this.#keys;
    const { entry } = await etcdGet(this.#client, owner);
    if (entry !== undefined) return undefined;
    const lease = await grantEtcdLease(this.#client, this.#clock, this.#options.leaseSeconds ?? 3);
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
    if (succeeded) return { lease, createRevision: revision };
    await lease.release();
    return undefined;
  }

  async #begin({
    lease,
    createRevision,
  }: {
    readonly lease: EtcdLease;
    readonly createRevision: bigint;
  }): Promise<Store> {
    this.#lease = lease;
    void lease.lost.then(() => this.#lose(new Error('the lease has ended')));
    // Everything that any owner before us has committed is at or below the revision at which we took over.
    await this.#caughtUp(createRevision);
    this.#following.abort();
    await this.#followed;
    await this.#applied;
    const { entry } = await etcdGet(this.#client, this.#keys.commit);
    const backend = createEtcdBackend({
      client: this.#client,
      keys: this.#keys,
      mirror: this.#mirror,
      ownership: {
        lease,
        createRevision,
        version: entry?.version ?? 0n,
        state: this.#mirror.state(),
      },
      clock: this.#clock,
      random: this.#options.random,
      onLost: this.#lose,
    });
    this.#backend = backend;
    const store = await createStore(backend, this.#options);
    this.#store = store;
    this.#compaction = compactRegularly(this.#client, { clock: this.#clock });
    this.#options.onState?.('owner', this.#options.prefix);
    return store;
  }

  #caughtUp(revision: bigint): Promise<void> {
    if (this.#progress >= revision) return this.#applied;
    return new Promise((resolve) => {
      const look = () => {
        if (this.#progress < revision) this.#waiters.add(look);
        else resolve();
      };
      this.#waiters.add(look);
    });
  }

  #heard(revision: bigint): void {
    if (revision > this.#progress) this.#progress = revision;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** What etcd says goes to the mirror, in order, for as long as we do not own the shard. */
  async #follow(): Promise<void> {
    const { signal } = this.#following;
    let anew = this.#mirror.etcdRevision() === 0n;
    while (!signal.aborted) {
      if (anew) {
        this.#options.onState?.('resynchronising', this.#options.prefix);
        const done = await this.#mirror.resynchronise(this.#client, this.#keys).then(
          () => true,
          () => false,
        );
        if (!done) {
          await pauseOn(this.#clock, tryMs);
          continue;
        }
      }
      anew = false;
      this.#heard(this.#mirror.etcdRevision());
      this.#announcing ??= announceMirror(this.#client, {
        name: this.#options.random.uuid(),
        revision: () => this.#backend?.etcdRevision() ?? this.#mirror.etcdRevision(),
        clock: this.#clock,
      });
      this.#options.onState?.('mirroring', this.#options.prefix);
      await watchEtcd(
        this.#client,
        this.#keys.all,
        this.#mirror.etcdRevision(),
        {
          changes: (changes, revision) => {
            this.#applied = this.#applied
              .then(() => this.#mirror.apply(changes, revision))
              .then(() => this.#heard(revision));
            return this.#applied;
          },
          progress: () => undefined,
          compacted: () => {
            anew = true;
          },
        },
        { clock: this.#clock, signal },
      );
      await this.#applied;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#compaction?.[Symbol.dispose]();
    // From here on nothing more is taken.
    const closing = this.#store?.[Symbol.asyncDispose]();
    this.#following.abort();
    await this.#followed;
    await this.#announcing?.[Symbol.asyncDispose]();
    if (closing === undefined) await this.#mirror.close();
    else await closing;
    await this.#lease?.release();
    this.#client[Symbol.dispose]();
  }
}
