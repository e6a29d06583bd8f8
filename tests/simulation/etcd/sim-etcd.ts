/**
 * An etcd of three members, as far as a client can tell: one log that a majority agrees on, members
 * that have applied it up to somewhere, a leader that is elected again when it is cut off or hangs,
 * and one that does not know of that yet. Only one member at a time is away, so there is always a
 * majority.
 */
import { RpcError } from '@kcp-ts/rpc';
import type { Network } from '../network.ts';
import type { SimProcess } from '../process.ts';
import { createProcess } from '../process.ts';
import type { Chance, VirtualTime } from '../virtual-time.ts';

export interface KeyVersion {
  readonly revision: bigint;
  /** Undefined for a deletion. */
  readonly value: Uint8Array | undefined;
  readonly createRevision: bigint;
  readonly version: bigint;
  readonly lease: bigint;
}

export interface KeyEvent extends KeyVersion {
  readonly key: string;
}

export interface LogEntry {
  readonly revision: bigint;
  readonly committedMs: number;
  readonly events: readonly KeyEvent[];
}

export type Write =
  | { readonly put: string; readonly value: Uint8Array; readonly lease: bigint }
  | { readonly delete: string };

export interface SimMember {
  readonly number: number;
  readonly process: SimProcess;
  /** Who it takes for the leader; undefined where it has noticed that it has none. */
  leader: number | undefined;
  term: bigint;
  /** How much of the log it has applied. */
  applied: number;
  /** Called when it has applied more, or its leader has changed. */
  readonly listeners: Set<() => void>;
}

interface Lease {
  readonly ttlMs: number;
  readonly keys: Set<string>;
  /** By the count of the leader. */
  expiresMs: number;
}

export interface SimEtcd {
  readonly members: readonly SimMember[];
  readonly log: readonly LogEntry[];
  readonly leases: ReadonlyMap<bigint, Lease>;
  /** Since when a member is away; undefined where all are there. */
  awaySinceMs(): number | undefined;
  /** Whether a member receives from the others. */
  isWell(member: SimMember): boolean;
  /** The newest state of a key as of a revision. */
  at(key: string, revision: bigint): KeyVersion | undefined;
  /** Keys in order, as of a revision. */
  range(from: string, to: string, revision: bigint): readonly KeyEvent[];
  revisionOf(member: SimMember): bigint;
  /**
   * Runs on the log when a majority has agreed, and resolves when the member has applied it.
   * Rejects with RpcError where none does.
   */
  propose<Answer>(member: SimMember, run: () => Answer): Promise<Answer>;
  /**
   * Resolves when the member has everything that was committed before the call, as a majority knows
   * it. Rejects with RpcError where none answers.
   */
  confirm(member: SimMember): Promise<void>;
  write(writes: readonly Write[]): bigint;
  grant(id: bigint, ttlMs: number): void;
  revoke(id: bigint): void;
  /**
   * What the leader says to it, or who takes himself for it: what is left in milliseconds.
   * Undefined where nobody answers.
   */
  keepAlive(member: SimMember, id: bigint): number | undefined;
  /** Cuts a member off from the others, or stops it; resolves when it is back. */
  takeAway(member: SimMember, how: 'isolated' | 'stopped', milliseconds: number): void;
}

const electionMs = 1_000;
/**
 * So much longer a leader may believe in itself that receives nothing from the others: it counts by
 * a clock of its own, on a machine that may be slow.
 */
const doubtMs = 3_500;
const expiryMs = 100;
/** How long a member waits for a majority: five seconds and twice the time of an election. */
const givenUpMs = 7_000;
/** After so long without a sign of life gRPC gives a connection up. */
const silentMs = 8_000;

export interface SimEtcdNeeds {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly network: Pick<Network, 'cut'>;
}

export function createSimEtcd({ time, chance, network }: SimEtcdNeeds): SimEtcd {
  const log: LogEntry[] = [];
  const versions = new Map<string, KeyVersion[]>();
  const leases = new Map<bigint, Lease>();
  let away: SimMember | undefined;
  let awaySince: number | undefined;
  let leader = 0;
  let term = 1n;
  const members = [0, 1, 2].map(
    (number): SimMember => ({
      number,
      process: createProcess(time, { host: `etcd-${number}`, offsetMs: 0 }),
      leader,
      term,
      applied: 0,
      listeners: new Set(),
    }),
  );

  const revisionAfter = (applied: number) => log[applied - 1]?.revision ?? 1n;
  const isWell = (member: SimMember) => member !== away;
  const tell = (member: SimMember) => {
    for (const listener of [...member.listeners]) listener();
  };

  /** In order, each as far as the member has it. */
  function applySoon(member: SimMember): void {
    const upTo = log.length;
    const afterMs = chance.happens(0.05) ? chance.between(20, 400) : chance.between(0.2, 4);
    time.after(afterMs, () => {
      if (!isWell(member) || member.applied >= upTo) return;
      member.applied = upTo;
      tell(member);
    });
  }

  function write(writes: readonly Write[]): bigint {
    const revision = revisionAfter(log.length) + 1n;
    const events = writes.flatMap((one): KeyEvent[] => {
      const key = 'put' in one ? one.put : one.delete;
      const before = versions.get(key)?.at(-1);
      const isThere = before?.value !== undefined;
      if (!('put' in one) && !isThere) return [];
      if (isThere) leases.get(before.lease)?.keys.delete(key);
      const lease = 'put' in one ? one.lease : 0n;
      leases.get(lease)?.keys.add(key);
      const version: KeyVersion =
        'put' in one
          ? {
              revision,
              value: one.value,
              lease,
              createRevision: isThere ? before.createRevision : revision,
              version: isThere ? before.version + 1n : 1n,
            }
          : { revision, value: undefined, createRevision: 0n, version: 0n, lease };
      versions.set(key, [...(versions.get(key) ?? []), version]);
      return [{ key, ...version }];
    });
    if (events.length === 0) return revisionAfter(log.length);
    log.push({ revision, committedMs: time.now(), events });
    for (const member of members) applySoon(member);
    return revision;
  }

  function at(key: string, revision: bigint): KeyVersion | undefined {
    const found = versions.get(key)?.findLast((version) => version.revision <= revision);
    return found?.value === undefined ? undefined : found;
  }

  function revoke(id: bigint): void {
    const keys = [...(leases.get(id)?.keys ?? [])];
    leases.delete(id);
    if (keys.length > 0) write(keys.map((key) => ({ delete: key })));
  }

  function elect(): void {
    if (away?.number !== leader) return;
    leader = chance.pick(members.filter(isWell))?.number ?? leader;
    term++;
    // A member that begins to lead counts all leases again.
    for (const lease of leases.values()) lease.expiresMs = time.now() + lease.ttlMs;
    for (const member of members.filter(isWell)) follow(member);
  }

  function follow(member: SimMember): void {
    member.leader = leader;
    member.term = term;
    tell(member);
  }

  function expire(): void {
    time.after(expiryMs, expire);
    if (away?.number === leader) return;
    for (const [id, { expiresMs }] of [...leases]) if (time.now() >= expiresMs) revoke(id);
  }
  expire();

  function isHeard(member: SimMember): boolean {
    return isWell(member) && away?.number !== leader && member.leader === leader;
  }

  function untilApplied(member: SimMember, upTo: number): Promise<void> {
    if (member.applied >= upTo) return Promise.resolve();
    return new Promise((resolve) => {
      const listener = () => {
        if (member.applied < upTo) return;
        member.listeners.delete(listener);
        resolve();
      };
      member.listeners.add(listener);
    });
  }

  /**
   * A round trip to a majority, at whose end the leader is still the leader; else the member gives
   * up, as etcd does.
   */
  function agree(member: SimMember): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = term;
      const afterMs = chance.happens(0.02) ? chance.between(50, 500) : chance.between(0.5, 5);
      time.after(afterMs, () => {
        if (isHeard(member) && asked === term) resolve();
        else time.after(givenUpMs, () => reject(new RpcError('unavailable', 'etcdserver: request timed out')));
      });
    });
  }

  return {
    members,
    log,
    leases,
    awaySinceMs: () => awaySince,
    isWell,
    at,
    range: (from, to, revision) =>
      [...versions.keys()]
        .filter((key) => (to === '' ? key === from : key >= from && (to === '\0' || key < to)))
        .sort()
        .flatMap((key) => {
          const found = at(key, revision);
          return found === undefined ? [] : [{ key, ...found }];
        }),
    revisionOf: ({ applied }) => revisionAfter(applied),
    async propose(member, run) {
      await agree(member);
      const answer = run();
      await untilApplied(member, log.length);
      return answer;
    },
    async confirm(member) {
      const upTo = log.length;
      await agree(member);
      await untilApplied(member, upTo);
    },
    write,
    grant: (id, ttlMs) => void leases.set(id, { ttlMs, keys: new Set(), expiresMs: time.now() + ttlMs }),
    revoke,
    keepAlive(member, id) {
      const lease = leases.get(id);
      // A member that takes itself for the leader asks nobody, also where another one was elected.
      if (member.leader === member.number && member.number !== leader) return lease?.ttlMs ?? 0;
      if (member.number !== leader && !isHeard(member)) return undefined;
      if (lease === undefined) return 0;
      lease.expiresMs = time.now() + lease.ttlMs;
      return lease.ttlMs;
    },
    takeAway(member, how, milliseconds) {
      if (away !== undefined) return;
      away = member;
      awaySince = time.now();
      if (how === 'stopped') {
        member.process.stop();
        for (let silent = silentMs; silent < milliseconds; silent += silentMs)
          time.after(silent, () => network.cut(({ to }) => to === member.process));
      }
      time.after(electionMs + chance.between(0, 300), elect);
      const noticed = electionMs + chance.between(0, doubtMs);
      const notice = time.after(noticed, () => {
        if (how === 'stopped') return;
        member.leader = undefined;
        tell(member);
      });
      time.after(milliseconds, () => {
        notice[Symbol.dispose]();
        away = undefined;
        awaySince = undefined;
        // What has waited for it is answered by what it knew when it stopped.
        if (how === 'stopped') member.process.resume();
        time.after(chance.between(1, 100), () => {
          if (!isWell(member)) return;
          follow(member);
          applySoon(member);
        });
      });
    },
  };
}
