/**
 * Has etcd forget old revisions: one process per interval, the first one, never newer than
 * what was current an interval ago, and never past a mirror that is alive, so that nobody who
 * follows must read everything again; but a mirror that stands still holds it up for some intervals
 * and no longer. The election is a key whose version counts the intervals, as Kubernetes' API
 * servers do it.
 */
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { EtcdClient, EtcdLease } from '@kcp-ts/etcd';
import { etcdCommit, etcdGet, etcdList, grantEtcdLease } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';

/** One for all shards of an etcd, whatever their prefixes. */
export const compactionKey = '/kcp/compaction';

/** Under it every mirror that is alive says how far it has come. */
export const mirrorsPrefix = '/kcp/mirrors/';

const intervalMsDefault = 5 * 60_000;
/** Intervals for which a mirror is waited for. */
const waitedMax = 6;

export interface Compactor {
  /**
   * Once an interval. Resolves to the revision that etcd was compacted at; undefined where it was
   * another process's turn, or there is nothing to forget.
   */
  turn(): Promise<bigint | undefined>;
}

export interface CompactionKeys {
  readonly election: string;
  readonly mirrors: string;
}

const keysDefault: CompactionKeys = { election: compactionKey, mirrors: mirrorsPrefix };

export function createCompactor(client: EtcdClient, keys: CompactionKeys = keysDefault): Compactor {
  /** What the key was when we last looked. */
  let version = 0n;
  /** etcd's revision at each of our last turns, oldest first. */
  let seen: readonly bigint[] = [];
  let compacted = 0n;

  async function slowestMirror(): Promise<bigint | undefined> {
    let slowest: bigint | undefined;
    for await (const { entries } of etcdList(client, keys.mirrors)) {
      for (const { value } of entries) {
        const at = BigInt(Buffer.from(value).toString());
        if (slowest === undefined || at < slowest) slowest = at;
      }
    }
    return slowest;
  }

  /** How far may be forgotten, of what was current at our last turns. */
  async function target(turns: readonly bigint[]): Promise<bigint> {
    const wanted = turns.at(-1) ?? 0n;
    const slowest = await slowestMirror();
    if (slowest === undefined || slowest >= wanted) return wanted;
    const waitedFor = turns.length < waitedMax ? 0n : (turns[0] ?? 0n);
    return slowest > waitedFor ? slowest : waitedFor;
  }

  return {
    async turn() {
      const before = seen;
      const won = await etcdCommit(
        client,
        [{ key: keys.election, version }],
        [{ put: keys.election, value: Buffer.from(String(before.at(-1) ?? 0n)) }],
      );
      if (!won.succeeded) {
        const read = await etcdGet(client, keys.election);
        version = read.entry?.version ?? 0n;
        seen = [...before, read.revision].slice(-waitedMax);
        return undefined;
      }
      version += 1n;
      seen = [...before, won.revision].slice(-waitedMax);
      const upTo = await target(before);
      if (upTo <= compacted) return undefined;
      try {
        await client.authenticated(() => client.kv.compact({ revision: upTo }));
      } catch (thrown) {
        // The process that had the turn before was further.
        if (!(thrown instanceof RpcError) || thrown.code !== 'out-of-range') throw thrown;
      }
      compacted = upTo;
      return upTo;
    },
  };
}

/** Takes a turn every interval, until disposed. */
export function compactRegularly(
  client: EtcdClient,
  { clock, intervalMs = intervalMsDefault }: { readonly clock: Clock; readonly intervalMs?: number | undefined },
): Disposable {
  const compactor = createCompactor(client);
  // What fails now is done in the next interval, by the first process.
  return every(clock, intervalMs, () => void compactor.turn().catch(() => undefined));
}

export interface MirrorAnnouncement {
  /** Another one for each mirror. */
  readonly name: string;
  /**
   * etcd's revision up to which the mirror has everything; 0: it is reading everything again, and
   * needs no history.
   */
  revision(): bigint;
  readonly clock: Clock;
  readonly prefix?: string | undefined;
}

const announceMs = 60_000;
const announcedSeconds = 60;

/** Says how far a mirror has come, for as long as it is alive. */
export function announceMirror(
  client: EtcdClient,
  { name, revision, clock, prefix = mirrorsPrefix }: MirrorAnnouncement,
): AsyncDisposable & { readonly announced: Promise<void> } {
  let lease: EtcdLease | undefined;
  let timer: Disposable | undefined;
  let closed = false;

  async function say(): Promise<void> {
    const at = revision();
    if (at === 0n) return;
    if (lease?.holds() !== true)
      lease = await grantEtcdLease(client, clock, { ttlSeconds: announcedSeconds, key: prefix });
    await etcdCommit(client, [], [{ put: `${prefix}${name}`, value: Buffer.from(String(at)), lease: lease.id }]);
  }

  function next(): Promise<void> {
    // What fails is said the next time: until then it is not waited for.
    return say()
      .catch(() => undefined)
      .then(() => {
        if (closed) return;
        timer = clock.setTimer(announceMs, () => {
          said = next();
        });
      });
  }
  let said = next();

  return {
    announced: said,
    async [Symbol.asyncDispose]() {
      closed = true;
      timer?.[Symbol.dispose]();
      await said;
      await lease?.release();
    },
  };
}
