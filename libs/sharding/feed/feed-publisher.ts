/**
 * Publishes a shard's feed: one message for what was committed in a turn of the event loop, and one
 * a second that says there was nothing else. Where nothing was committed for a while, nothing can
 * have been lost that was not announced since, and the feed says its progress more seldom.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import { subjectSegment } from '@kcp-ts/bus';
import { FeedMessageSchema } from '@kcp-ts/proto';
import type { Store, StoreEvent } from '@kcp-ts/storage';
import type { FeedEntry, FeedShard, Project } from './feed.ts';
import { entryOfEvent, feedSubject, toMessage } from './feed.ts';

export interface FeedPublisherOptions {
  readonly store: Pick<Store, 'subscribe' | 'progress' | 'currentRevision'>;
  readonly bus: Bus;
  readonly shard: FeedShard;
  /** Another one at each start. */
  readonly epoch: string;
  readonly project: Project;
  readonly clock: Clock;
}

export interface FeedPublisher extends Disposable {
  /**
   * The last revision that the feed has said anything of; what is asked for behind it is nothing.
   */
  lastRevision(): Revision;
  statistics(): { readonly messages: number; readonly entries: number; readonly dropped: number };
}

/**
 * Between two messages that say progress alone, where something was committed lately and where not.
 */
const progressMs = 1_000;
const quietProgressMs = 4_000;
/** How long after the last entry a feed is quiet. */
const quietAfterMs = 10_000;
/** What travels beside the entries. */
const headBytes = 1_000;

export function createFeedPublisher(options: FeedPublisherOptions): FeedPublisher {
  const { store, bus, shard, epoch, project, clock } = options;
  const subject = feedSubject(subjectSegment(shard.name));
  const counters = { messages: 0, entries: 0, dropped: 0 };
  let pending: FeedEntry[] = [];
  let scheduled = false;
  let last = store.currentRevision();
  let complete = last;
  let closed = false;
  let timer: Disposable | undefined;
  let entryMs = clock.monotonic();

  const nextMs = () => (clock.monotonic() - entryMs < quietAfterMs ? progressMs : quietProgressMs);

  function send(entries: readonly FeedEntry[], previous: Revision): void {
    let bytes = headBytes;
    for (const { key, value } of entries) bytes += key.length + (value?.length ?? 0) + 40;
    const byReference = bytes > bus.messageBytesMax;
    const message = create(FeedMessageSchema, {
      shard: shard.name,
      number: shard.number,
      epoch,
      previous,
      progress: complete,
      entries: byReference ? [] : entries.map(toMessage),
      byReference,
      nextMs: nextMs(),
    });
    counters.messages++;
    counters.entries += entries.length;
    // What the bus does not take is missed by its feed consumers, and fetched.
    bus.publish(subject, toBinary(FeedMessageSchema, message)).catch(() => {
      counters.dropped++;
    });
  }

  function flush(): void {
    scheduled = false;
    if (pending.length === 0 || closed) return;
    const entries = pending;
    pending = [];
    const previous = last;
    last = entries.at(-1)?.revision ?? last;
    send(entries, previous);
  }

  const following = store.subscribe((events: readonly StoreEvent[]) => {
    for (const event of events) {
      const entry = entryOfEvent(event, project(event));
      if (entry !== undefined) pending.push(entry);
      complete = event.revision;
    }
    if (pending.length === 0 || scheduled) return;
    scheduled = true;
    const wasQuiet = nextMs() === quietProgressMs;
    entryMs = clock.monotonic();
    if (wasQuiet) schedule();
    queueMicrotask(flush);
  });

  async function tick(): Promise<void> {
    try {
      const progress = await store.progress();
      flush();
      if (progress > complete) complete = progress;
      if (!closed) send([], last);
    } catch {
      // The store is closing, or not ours any more: nothing is promised.
    }
    schedule();
  }

  function schedule(): void {
    timer?.[Symbol.dispose]();
    if (!closed) timer = clock.setTimer(nextMs(), () => void tick());
  }
  // At once, so that feed consumers know of the new epoch.
  void tick();

  return {
    lastRevision: () => pending.at(-1)?.revision ?? last,
    statistics: () => ({ ...counters }),
    [Symbol.dispose]() {
      flush();
      closed = true;
      following[Symbol.dispose]();
      timer?.[Symbol.dispose]();
    },
  };
}
