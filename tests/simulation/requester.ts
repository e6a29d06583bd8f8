/**
 * A client of single shards: it writes and reads, and keeps what it received and when, for the
 * checker.
 */
import type { Revision } from '@kcp-ts/api';
import type { CommitResult, Entry, Operation } from '@kcp-ts/storage';
import type { SimProcess } from './process.ts';
import { createProcess } from './process.ts';
import type { ShardIncarnation, Simulation } from './simulation.ts';

/** Something that a shard has answered. */
export interface Answered {
  readonly shard: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly what:
    | { readonly kind: 'write'; readonly ids: readonly string[]; readonly revision: Revision }
    | { readonly kind: 'conflict'; readonly ids: readonly string[] }
    | { readonly kind: 'read'; readonly key: string; readonly at: Revision; readonly found: Revision | undefined };
}

export interface Requester {
  readonly answered: readonly Answered[];
  /** Undefined where nobody knows what has become of it. `ids`: what the values are known by. */
  commit(shard: string, operations: readonly Operation[], ids: readonly string[]): Promise<CommitResult | undefined>;
  get(shard: string, key: string): Promise<Entry | undefined>;
  /** The largest revision that it received. */
  acknowledged(): Revision;
}

const callMs = 2_000;

export function createRequester(simulation: Simulation, host: string): Requester {
  const { time, chance, network, shards } = simulation;
  const process: SimProcess = createProcess(time, { host, offsetMs: 0 });
  const answered: Answered[] = [];
  /** Connections are kept: a client goes on with the process that it knows until that fails it. */
  const known = new Map<string, ShardIncarnation>();
  let acknowledged = 0 as Revision;

  async function call<Answer>(
    shard: string,
    run: (life: ShardIncarnation) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const life = known.get(shard) ?? shards.get(shard)?.life();
    if (life === undefined) return undefined;
    known.set(shard, life);
    if (chance.happens(0.02)) known.delete(shard);
    try {
      return await network.call(process, life.process, callMs, () => run(life));
    } catch {
      // A question that is late does not end the connection it was put on.
      if (chance.happens(0.3)) known.delete(shard);
      return undefined;
    }
  }

  return {
    answered,
    acknowledged: () => acknowledged,
    async commit(shard, operations, ids) {
      const fromMs = time.now();
      const result = await call(shard, (life) => life.read((store) => store.commit(operations)));
      if (result === undefined) return undefined;
      const toMs = time.now();
      if (result.status === 'committed') {
        const { revision } = result;
        if (revision > acknowledged) acknowledged = revision;
        answered.push({ shard, fromMs, toMs, what: { kind: 'write', ids, revision } });
      } else answered.push({ shard, fromMs, toMs, what: { kind: 'conflict', ids } });
      return result;
    },
    async get(shard, key) {
      const fromMs = time.now();
      const read = await call(shard, (life) =>
        life.read((store) => ({ entry: store.get(key), at: store.currentRevision() })),
      );
      if (read === undefined) return undefined;
      const what = { kind: 'read', key, at: read.at, found: read.entry?.revision } as const;
      answered.push({ shard, fromMs, toMs: time.now(), what });
      return read.entry;
    },
  };
}
