/**
 * All that was ever committed to a shard in a simulated etcd, with the revisions that a mirror
 * gives it.
 */
import type { StoreEvent } from '@kcp-ts/storage';
import { createMemoryBackend, keysOf, openMirror } from '@kcp-ts/storage/contract';
import { createVirtualTime } from '../virtual-time.ts';
import type { SimEtcd } from './sim-etcd.ts';

export interface CommittedEvent {
  readonly event: StoreEvent;
  /** etcd's own revision. */
  readonly etcdRevision: bigint;
}

/** Of a mirror that receives all of it, in order. */
export async function historyOf({ log }: Pick<SimEtcd, 'log'>, prefix: string): Promise<readonly CommittedEvent[]> {
  const committed: CommittedEvent[] = [];
  const mirror = openMirror(
    {
      place: { open: createMemoryBackend, clear: () => Promise.resolve() },
      clock: createVirtualTime(0).clock(),
      bootId: 'truth',
      historyMaxAgeMs: 0,
      historyMaxBytes: Number.MAX_SAFE_INTEGER,
    },
    keysOf(prefix),
  );
  const backend = mirror.backend();
  const write = backend.write.bind(backend);
  let at = 0n;
  backend.write = (flush) => {
    committed.push(...flush.writes.map(({ event }) => ({ event, etcdRevision: at })));
    return write(flush);
  };
  for (const { revision, events } of log) {
    at = revision;
    const changes = events.map(({ key, value }) => ({
      type: value === undefined ? ('delete' as const) : ('put' as const),
      key,
      value: value ?? new Uint8Array(),
      modRevision: revision,
    }));
    await mirror.apply(changes, revision);
  }
  return committed;
}
