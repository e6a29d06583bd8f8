/**
 * The membership in etcd:
 *
 *   <prefix>/next                     the next number of a shard
 *   <prefix>/shards/<name>            address, number, join revision, exclusion
 *   <prefix>/alive/<name>             under a lease: the shard is alive
 *   <prefix>/services/<kind>/<name>   under a lease: the service is alive, and where
 *
 * Everything is read once and then watched; the watch's progress says that nothing is missing.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import type { EtcdChange, EtcdClient, EtcdLease, EtcdOperation } from '@kcp-ts/etcd';
import { etcdCommit, etcdGet, etcdList, grantEtcdLease, watchEtcd } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';
import { revisionAt } from '@kcp-ts/storage';
import type { Absence, Membership, MembershipState, ServiceRecord, ShardAddress, ShardRecord } from './membership.ts';
import { joinAheadMs, withAbsence } from './membership.ts';

export interface EtcdMembershipOptions {
  /** Given back by the caller, after the membership. */
  readonly client: EtcdClient;
  /** `/kcp/register`. */
  readonly prefix: string;
  readonly clock: Clock;
}

interface StoredShard extends ShardAddress {
  readonly number: number;
  readonly joinRevision: number;
  readonly excludedAt?: number;
  readonly absences?: readonly { readonly after: number; readonly upTo: number }[];
}

const leaseSeconds = 5;
/**
 * A shard whose process stops by plan counts as alive for so long: its standby, or itself when it
 * is started again, takes that over, and nobody had to exclude it.
 */
const handOverSeconds = 3;
const attempts = 20;
const leaseRetryMs = 500;
const readRetryMs = 500;
/** An etcd that does not answer sooner is not waited for at the end. */
const handOverMaxMs = 1_000;
/** An answer of etcd that takes longer than this counts as none. */
const refreshMaxMs = 1_000;

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function decode<T>(value: Uint8Array): T {
  return JSON.parse(Buffer.from(value).toString('utf8')) as T;
}

function absencesOf({ absences = [] }: Pick<StoredShard, 'absences'>): readonly Absence[] {
  return absences.map(({ after, upTo }) => ({ after: asRevision(after), upTo: asRevision(upTo) }));
}

function recordOf({ joinRevision, excludedAt, absences, ...address }: StoredShard): Omit<ShardRecord, 'alive'> {
  return {
    ...address,
    joinRevision: asRevision(joinRevision),
    excludedAt: excludedAt === undefined ? undefined : asRevision(excludedAt),
    absences: absencesOf({ absences: absences ?? [] }),
  };
}

/** Resolves when the state has been read once. */
export async function openEtcdMembership(options: EtcdMembershipOptions): Promise<Membership> {
  const membership = new EtcdMembership(options);
  await membership.open();
  return membership;
}

class EtcdMembership implements Membership {
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #values = new Map<string, Uint8Array>();
  readonly #listeners = new Set<(state: MembershipState) => void>();
  readonly #over = new AbortController();
  /** What this process keeps there, all of it under one lease. */
  readonly #kept = new Map<string, Uint8Array>();
  /** At which revision of etcd each of them was written. */
  readonly #written = new Map<string, bigint>();
  #lease: Promise<EtcdLease> | undefined;
  #state: MembershipState = { shards: [], services: [] };
  #heardMs = 0;
  /**
   * Asks etcd at once whether everything has been received; undefined while there is no connection.
   */
  #ask: (() => void) | undefined;
  #refreshing: { readonly promise: Promise<void>; end(): void } | undefined;
  /** Of etcd, when everything was read. */
  #cluster = '';
  #following: Promise<void> = Promise.resolve();

  constructor({ client, prefix, clock }: EtcdMembershipOptions) {
    this.#client = client;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    const revision = await this.#readAll();
    this.#following = this.#follow(revision);
  }

  async #readAll(): Promise<bigint> {
    const askedMs = this.#clock.monotonic();
    const found = new Map<string, Uint8Array>();
    let at = 0n;
    for await (const { entries, revision, clusterId } of etcdList(this.#client, `${this.#prefix}/`)) {
      at = revision;
      this.#cluster = clusterId;
      for (const { key, value } of entries) found.set(key, value);
    }
    this.#values.clear();
    for (const [key, value] of found) this.#values.set(key, value);
    this.#received(askedMs);
    this.#changed();
    return at;
  }

  async #follow(after: bigint): Promise<void> {
    let from = after;
    while (!this.#over.signal.aborted) {
      await watchEtcd(
        this.#client,
        `${this.#prefix}/`,
        from,
        {
          changes: (changes) => this.#apply(changes),
          progress: (askedMs) => this.#received(askedMs),
          // Restored from a snapshot; or a member that is behind, and then nothing is lost by
          // reading everything again.
          connected: ({ clusterId, revision }, seen) => clusterId === this.#cluster && revision >= seen,
          compacted: () => undefined,
        },
        {
          clock: this.#clock,
          signal: this.#over.signal,
          onAsk: (ask) => {
            this.#ask = ask;
            if (this.#refreshing !== undefined) ask?.();
          },
        },
      );
      if (!this.#over.signal.aborted) from = await this.#readAgain(from);
    }
  }

  /** Resolves to the revision that was read at; to `before` where etcd did not answer. */
  async #readAgain(before: bigint): Promise<bigint> {
    try {
      const at = await this.#readAll();
      // What was deleted while it did not watch, or was not yet there when etcd was saved.
      for (const key of this.#kept.keys()) if (!this.#values.has(key)) void this.#putBack(key).catch(() => undefined);
      return at;
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown;
      await pauseOn(this.#clock, readRetryMs);
      return before;
    }
  }

  #received(askedMs: number): void {
    this.#heardMs = Math.max(this.#heardMs, askedMs);
    this.#refreshing?.end();
  }

  #apply(changes: readonly EtcdChange[]): void {
    for (const { type, key, value } of changes) {
      if (type === 'put') this.#values.set(key, value);
      else this.#values.delete(key);
    }
    for (const { type, key } of changes)
      if (type === 'delete' && !this.#values.has(key)) void this.#putBack(key).catch(() => undefined);
    this.#changed();
  }

  #changed(): void {
    const shards: ShardRecord[] = [];
    const services: ServiceRecord[] = [];
    const shardsPrefix = `${this.#prefix}/shards/`;
    const servicesPrefix = `${this.#prefix}/services/`;
    for (const [key, value] of this.#values) {
      if (key.startsWith(servicesPrefix)) services.push(decode<ServiceRecord>(value));
      if (!key.startsWith(shardsPrefix)) continue;
      const stored = decode<StoredShard>(value);
      shards.push({
        ...recordOf(stored),
        alive: this.#values.has(`${this.#prefix}/alive/${stored.name}`),
      });
    }
    shards.sort((left, right) => left.number - right.number);
    this.#state = { shards, services };
    for (const listener of this.#listeners) listener(this.#state);
  }

  #shardKey(name: string): string {
    return `${this.#prefix}/shards/${name}`;
  }

  async join(address: ShardAddress): Promise<ShardRecord> {
    const key = this.#shardKey(address.name);
    const nextKey = `${this.#prefix}/next`;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { entry } = await etcdGet(this.#client, key);
      const { entry: next } = await etcdGet(this.#client, nextKey);
      const before = entry === undefined ? undefined : decode<StoredShard>(entry.value);
      const number = before?.number ?? (next === undefined ? 1 : decode<number>(next.value));
      const joinRevision = before?.joinRevision ?? revisionAt(this.#clock.now() + joinAheadMs);
      const stored: StoredShard = { ...before, ...address, number, joinRevision };
      const operations: EtcdOperation[] = [{ put: key, value: encode(stored) }];
      if (before === undefined) operations.push({ put: nextKey, value: encode(number + 1) });
      const { succeeded } = await etcdCommit(
        this.#client,
        [
          { key, modRevision: entry?.modRevision ?? 0n },
          { key: nextKey, modRevision: next?.modRevision ?? 0n },
        ],
        operations,
      );
      if (!succeeded) continue;
      await this.#keep(`${this.#prefix}/alive/${address.name}`, encode({ since: this.#clock.now() }));
      return { ...recordOf(stored), alive: true };
    }
    throw new Error(`Cannot join as ${address.name}: too many others join at the same time`);
  }

  announce(service: ServiceRecord): Promise<void> {
    return this.#keep(`${this.#prefix}/services/${service.kind}/${service.name}`, encode(service));
  }

  /** Keeps a key for as long as this process runs; a lease that was lost is replaced. */
  async #keep(key: string, value: Uint8Array): Promise<void> {
    this.#lease ??= this.#grant();
    const granted = this.#lease;
    const { revision } = await etcdCommit(this.#client, [], [{ put: key, value, lease: (await granted).id }]);
    this.#kept.set(key, value);
    this.#written.set(key, revision);
    // Lost meanwhile, when this key was not among those that are put back.
    if (this.#lease !== granted) this.#keepAgain(key, value);
  }

  async #grant(): Promise<EtcdLease> {
    try {
      const lease = await grantEtcdLease(this.#client, this.#clock, { ttlSeconds: leaseSeconds });
      void lease.lost.then(() => {
        this.#lease = undefined;
        for (const [key, value] of this.#kept) this.#keepAgain(key, value);
      });
      return lease;
    } catch (thrown) {
      this.#lease = undefined;
      throw thrown;
    }
  }

  #keepAgain(key: string, value: Uint8Array): void {
    if (this.#over.signal.aborted) return;
    this.#keep(key, value).catch(() => {
      this.#clock.setTimer(leaseRetryMs, () => this.#keepAgain(key, value));
    });
  }

  /** A former owner of this shard took it for its own key, and with it away as it ended. */
  async #putBack(key: string): Promise<void> {
    const value = this.#kept.get(key);
    if (value === undefined) return;
    const lease = await this.#lease;
    const shard = key.startsWith(`${this.#prefix}/alive/`) ? key.slice(`${this.#prefix}/alive/`.length) : undefined;
    // A shard that was taken out stays out.
    const left = shard !== undefined && !this.#values.has(this.#shardKey(shard));
    if (left || lease?.holds() !== true || this.#over.signal.aborted) return;
    const put = etcdCommit(this.#client, [], [{ put: key, value, lease: lease.id }]);
    put
      .then(({ revision }) => this.#written.set(key, revision))
      .catch(() => {
        this.#clock.setTimer(leaseRetryMs, () => {
          if (!this.#values.has(key)) void this.#putBack(key).catch(() => undefined);
        });
      });
  }

  async leave(name: string): Promise<void> {
    await etcdCommit(this.#client, [], [{ delete: this.#shardKey(name) }, { delete: `${this.#prefix}/alive/${name}` }]);
  }

  async exclude(name: string, at: Revision): Promise<Revision> {
    const held = await this.#change(name, (shard) =>
      shard.excludedAt === undefined ? { ...shard, excludedAt: at } : undefined,
    );
    return asRevision(held.excludedAt ?? at);
  }

  async readmit(name: string): Promise<void> {
    await this.#change(name, ({ excludedAt, ...shard }) => {
      if (excludedAt === undefined) return undefined;
      const upTo = revisionAt(this.#clock.now() + joinAheadMs);
      return { ...shard, absences: withAbsence(absencesOf(shard), { after: asRevision(excludedAt), upTo }) };
    });
  }

  /** Resolves to what holds: changed by us, or not to be changed. */
  async #change(name: string, next: (shard: StoredShard) => StoredShard | undefined): Promise<StoredShard> {
    const key = this.#shardKey(name);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { entry } = await etcdGet(this.#client, key);
      if (entry === undefined) throw new Error(`Cannot change ${name} in the membership: there is no such shard`);
      const shard = decode<StoredShard>(entry.value);
      const wanted = next(shard);
      if (wanted === undefined) return shard;
      const condition = { key, modRevision: entry.modRevision };
      if ((await etcdCommit(this.#client, [condition], [{ put: key, value: encode(wanted) }])).succeeded) return wanted;
    }
    throw new Error(`Cannot change ${name} in the membership: too many others change it at the same time`);
  }

  current(): MembershipState {
    return this.#state;
  }

  follow(listener: (state: MembershipState) => void): Disposable {
    this.#listeners.add(listener);
    listener(this.#state);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  silentForMs(): number {
    return this.#clock.monotonic() - this.#heardMs;
  }

  refresh(): Promise<void> {
    if (this.#refreshing === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = () => {
        timer[Symbol.dispose]();
        this.#refreshing = undefined;
        resolve();
      };
      const timer = this.#clock.setTimer(refreshMaxMs, end);
      this.#refreshing = { promise, end };
      this.#ask?.();
    }
    return this.#refreshing?.promise ?? Promise.resolve();
  }

  /**
   * What says that our shards are alive stays for a while under a lease that nobody keeps. Where a
   * successor has written it already, it is the successor's.
   */
  async #handOver(): Promise<void> {
    const alive = [...this.#kept].filter(([key]) => key.startsWith(`${this.#prefix}/alive/`));
    if (alive.length === 0) return;
    const { ID: lease } = await this.#client.authenticated(() =>
      this.#client.lease.leaseGrant({ TTL: BigInt(handOverSeconds) }, { timeoutMs: handOverMaxMs }),
    );
    for (const [key, value] of alive) {
      const modRevision = this.#written.get(key) ?? 0n;
      await etcdCommit(this.#client, [{ key, modRevision }], [{ put: key, value, lease }]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    this.#refreshing?.end();
    // An etcd that is away takes it for a process that has died.
    await this.#handOver().catch(() => undefined);
    await this.#lease?.then((lease) => lease.release()).catch(() => undefined);
    await this.#following;
  }
}
