/**
 * The copy of a shard's etcd in LMDB: follows etcd transaction by transaction, so that a standby
 * has what the owner has, with the same revisions.
 */

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { EtcdChange, EtcdClient } from '@kcp-ts/etcd';
import { etcdGet, etcdList, etcdMoment } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';
import type { Backend, BackendState, Flush, StoredEntry, Write } from '../engine/backend.ts';
import { openLmdbBackend } from '../lmdb/lmdb-backend.ts';
import { revisionAt } from '../revision-clock.ts';
import type { CommitRecord, Keys } from './etcd-records.ts';
import { decodeData, decodeRecord, storedValueOf } from './etcd-records.ts';

/** How far a mirror has come, as it says with each step. */
interface Checkpoint {
  /** etcd's revision: everything up to it is here. */
  readonly etcd: string;
  /** The machine's boot: what the system had not written yet is lost with it. */
  readonly boot: string;
  /** The cluster that the revision is of. */
  readonly cluster: string;
  /**
   * The id of the newest commit record; '' before the first one. Another etcd, or another past of
   * this one, has another one at that revision.
   */
  readonly commit: string;
}

/** Where a mirror is kept. */
export interface MirrorPlace {
  open(): Backend;
  /** Throws everything away; what was opened is closed. */
  clear(): Promise<void>;
}

export interface MirrorOptions {
  readonly place: MirrorPlace;
  /** Another one after each start of the machine. */
  readonly bootId: string;
  readonly clock: Clock;
  readonly historyMaxAgeMs: number;
  readonly historyMaxBytes: number;
  /** Called with values as they lie in etcd, before they are taken: the owner has to read them. */
  readonly prepare?: ((stored: readonly Uint8Array[]) => Promise<void>) | undefined;
}

export interface Mirror {
  backend(): Backend;
  /** etcd's revision up to which everything is here; 0 where all of it is still to be read. */
  etcdRevision(): bigint;
  /** The cluster that it is a copy of; '' where it is of none yet. */
  cluster(): string;
  /** What an owner goes on from. */
  state(): BackendState;
  /** Takes what etcd has said; in order. */
  apply(changes: readonly EtcdChange[], revision: bigint): Promise<void>;
  /**
   * Takes what the owner has committed to etcd, where `record` is the last commit record of it and
   * lies at `etcdRevision`; without one, nothing was sent to etcd.
   */
  commit(flush: Flush, record: CommitRecord | undefined, etcdRevision: bigint): Promise<void>;
  /**
   * Whether etcd still has what is here: it is the same cluster, and has the same commit record
   * where the mirror has come to. It has not after it was restored from a snapshot. (`compacted`:
   * it cannot be said any more.)
   */
  compare(client: EtcdClient, keys: Keys): Promise<'same' | 'restored' | 'compacted'>;
  /**
   * Reads everything again, as of one revision of etcd. Where etcd was restored, nobody who has
   * seen what it no longer has goes on from there: history begins now, above everything that was
   * promised.
   */
  resynchronise(client: EtcdClient, keys: Keys, restored: boolean): Promise<void>;
  close(): Promise<void>;
}

const pieceWrites = 500;
const noCheckpoint: Checkpoint = { etcd: '0', boot: '', cluster: '', commit: '' };

/** A folder with an LMDB in it. */
export function mirrorFolder(path: string, mapSizeBytes: number): MirrorPlace {
  return {
    open() {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return openLmdbBackend({ path, mapSizeBytes, copy: true });
    },
    clear: () => rm(path, { recursive: true, force: true }),
  };
}

function readCheckpoint(text: string, bootId: string): Checkpoint {
  if (text === '') return noCheckpoint;
  const checkpoint = JSON.parse(text) as Partial<Checkpoint>;
  // One of an earlier version does not say enough to be compared.
  const { etcd, boot, cluster, commit } = { ...noCheckpoint, ...checkpoint };
  return boot === bootId && checkpoint.cluster !== undefined ? { etcd, boot, cluster, commit } : noCheckpoint;
}

function valuesIn(changes: readonly EtcdChange[], { data }: Keys): readonly Uint8Array[] {
  return changes.flatMap(({ type, key, value }) =>
    type === 'put' && key.startsWith(data) ? [storedValueOf(value)] : [],
  );
}

// check-allow function-length -- one mirror: its functions are the methods of an interface
export function openMirror(options: MirrorOptions, keys: Keys): Mirror {
  let backend = options.place.open();
  const found = readCheckpoint(backend.state.checkpoint, options.bootId);
  let etcdRevision = BigInt(found.etcd);
  let { cluster, commit: commitId } = found;
  let deleted: CommitRecord['deleted'] = [];
  let revision = backend.state.revision;
  let reserved = backend.state.reserved;
  let floor = backend.state.floor;
  /** Before everything was read again: what anybody may have seen of here is not above it. */
  let promised = 0;

  const checkpoint = (at: bigint) =>
    JSON.stringify({ etcd: String(at), boot: options.bootId, cluster, commit: commitId } satisfies Checkpoint);

  async function write(writes: readonly Write[], at: bigint, trim: Revision | undefined): Promise<void> {
    const last = writes.at(-1)?.event.revision;
    if (last !== undefined && last > revision) revision = last;
    await backend.write({ writes, commits: [writes], revision, reserved, trim, checkpoint: checkpoint(at) });
    backend.publish();
    etcdRevision = at;
  }

  /**
   * A standby has no housekeeping: what has become too old is forgotten step by step, with what is
   * applied.
   */
  function findOld(): Revision | undefined {
    const { clock, historyMaxAgeMs, historyMaxBytes } = options;
    const oldest = Math.min(revisionAt(clock.now() - historyMaxAgeMs), revision);
    const bytesOver = backend.historyBytes() - historyMaxBytes;
    let bytes = 0;
    let count = 0;
    let last: Revision | undefined;
    backend.walkOldest((at, size) => {
      if (at > oldest && bytes >= bytesOver) return false;
      last = at;
      bytes += size;
      return ++count < pieceWrites;
    });
    if (last !== undefined && last > floor) floor = last;
    return last;
  }

  /** The writes of one transaction of etcd, in the order of their revisions. */
  function writesOf(changes: readonly EtcdChange[], state: (key: string) => StoredEntry | undefined): Write[] {
    const commit = changes.find(({ key, type }) => key === keys.commit && type === 'put');
    if (commit !== undefined) {
      const record = decodeRecord(commit.value);
      // A clean stop gives back what it did not need.
      reserved = record.reserved as Revision;
      ({ id: commitId, deleted } = record);
    }
    const deletions = new Map(deleted);
    const writes: Write[] = [];
    for (const { type, key, value } of changes) {
      if (!key.startsWith(keys.data)) continue;
      const own = key.slice(keys.data.length);
      const before = state(own);
      const previous = before === undefined ? undefined : { value: before.value, revision: before.revision };
      const previousExpiresAt = before?.expiresAt ?? 0;
      if (type === 'put') {
        const { expiresAt, ...data } = decodeData(value);
        writes.push({ event: { type: 'put', key: own, ...data, previous }, expiresAt, previousExpiresAt });
      } else if (before !== undefined) {
        const at = (deletions.get(own) ?? revision) as Revision;
        const event = { type: 'delete', key: own, revision: at, createRevision: before.createRevision } as const;
        writes.push({ event: { ...event, value: before.value, previous }, expiresAt: 0, previousExpiresAt });
      }
    }
    return writes.sort((left, right) => left.event.revision - right.event.revision);
  }

  return {
    backend: () => backend,
    etcdRevision: () => etcdRevision,
    cluster: () => cluster,
    state: () => ({ revision, reserved, floor, checkpoint: checkpoint(etcdRevision) }),
    async commit(flush, record, at) {
      const before = commitId;
      if (record !== undefined) commitId = record.id;
      try {
        await backend.write({ ...flush, checkpoint: checkpoint(at) });
      } catch (error) {
        commitId = before;
        throw error;
      }
      etcdRevision = at;
      ({ revision, reserved } = flush);
      if (flush.trim !== undefined && flush.trim > floor) floor = flush.trim;
    },
    async compare(client, { commit }) {
      const now = await etcdMoment(client, commit, {});
      if (now.clusterId !== cluster || now.revision < etcdRevision) return 'restored';
      try {
        const { entry } = await etcdGet(client, commit, etcdRevision);
        return (entry === undefined ? '' : decodeRecord(entry.value).id) === commitId ? 'same' : 'restored';
      } catch (thrown) {
        if (thrown instanceof RpcError && thrown.code === 'out-of-range') return 'compacted';
        throw thrown;
      }
    },
    async apply(changes, upTo) {
      await options.prepare?.(valuesIn(changes, keys));
      const overlay = new Map<string, StoredEntry | undefined>();
      const state = (key: string) => (overlay.has(key) ? overlay.get(key) : backend.get(key));
      let writes: Write[] = [];
      for (let start = 0; start < changes.length; ) {
        const at = changes[start]?.modRevision ?? upTo;
        let end = start + 1;
        while (end < changes.length && changes[end]?.modRevision === at) end++;
        for (const each of writesOf(changes.slice(start, end), state)) {
          const { event, expiresAt } = each;
          const { key, value, revision: written, createRevision } = event;
          overlay.set(
            key,
            event.type === 'delete' ? undefined : { key, value, revision: written, createRevision, expiresAt },
          );
          writes.push(each);
        }
        start = end;
        if (writes.length < pieceWrites) continue;
        await write(writes, at, findOld());
        writes = [];
        overlay.clear();
      }
      await write(writes, upTo, findOld());
    },
    async resynchronise(client, all, restored) {
      promised = Math.max(promised, revision, reserved);
      await backend.close();
      await options.place.clear();
      backend = options.place.open();
      etcdRevision = 0n;
      revision = revisionZero;
      reserved = revisionZero;
      commitId = '';
      let at = 0n;
      for await (const page of etcdList(client, all.data)) {
        at = page.revision;
        cluster = page.clusterId;
        await options.prepare?.(page.entries.map(({ value }) => storedValueOf(value)));
        const writes = page.entries.map(({ key, value }): Write => {
          const { expiresAt, ...data } = decodeData(value);
          const event = { type: 'put', key: key.slice(all.data.length), ...data, previous: undefined } as const;
          return { event, expiresAt, previousExpiresAt: 0 };
        });
        writes.sort((left, right) => left.event.revision - right.event.revision);
        // Until the last page is there, the mirror has come nowhere.
        await write(writes, 0n, undefined);
      }
      // As of the pages: a deletion after the newest object that is left is known from here alone.
      const { entry } = await etcdGet(client, all.commit, at);
      const record = entry === undefined ? undefined : decodeRecord(entry.value);
      if (record !== undefined) {
        reserved = record.reserved as Revision;
        if (record.revision > revision) revision = record.revision as Revision;
        commitId = record.id;
      }
      // A mirror that is new has seen nothing that etcd could have lost; its last owner has, who
      // was the owner in another cluster.
      if (restored || (record?.cluster !== undefined && record.cluster !== cluster)) {
        revision = Math.max(revision, revisionAt(options.clock.now()), promised) as Revision;
        reserved = Math.max(reserved, revision) as Revision;
      }
      // Nobody can resume from before: what happened there is not known here.
      floor = revision;
      await write([], at, revision);
    },
    close: () => backend.close(),
  };
}
