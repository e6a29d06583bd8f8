/**
 * Follows everything that begins with a prefix, whatever happens to the connection: it goes on
 * behind the last revision that came completely, applies nothing of an answer until its last
 * fragment is there, and says so when etcd has compacted what it would need. (Order and durability,
 * rule 5.)
 */
import type { Clock } from '@kcp-ts/base';
import type { WatchResponse } from '@kcp-ts/proto';
import { EtcdEventType } from '@kcp-ts/proto';
import { RpcError } from '@kcp-ts/rpc';
import type { EtcdClient } from './client.ts';
import { keyBytes, prefixEnd } from './client.ts';
import type { EtcdMoment } from './transaction.ts';
import { etcdMoment, momentOf } from './transaction.ts';

export interface EtcdChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: bigint;
}

export interface EtcdWatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How often etcd is asked for its progress, in milliseconds; 4,000 when absent. */
  readonly askMs?: number | undefined;
  /** Given what asks at once, for as long as a connection can; undefined while there is none. */
  readonly onAsk?: ((ask: (() => void) | undefined) => void) | undefined;
}

export interface EtcdWatchHandlers {
  /**
   * Everything up to `revision`, complete, in order. Where it takes its time, the next is not read
   * before.
   */
  changes(changes: readonly EtcdChange[], revision: bigint): void | Promise<void>;
  /**
   * etcd answered, and had nothing new: what is here was the newest when it was asked, on the
   * monotonic clock. The question was put to a majority, since a member that is cut off from it
   * goes on answering.
   */
  progress(askedMs: number): void;
  /**
   * A connection was made, to an etcd that is at `now`: whether it still has what was seen. Where
   * not, the watch ends: read everything again.
   */
  connected(now: EtcdMoment, seen: bigint): boolean | Promise<boolean>;
  /**
   * What comes behind what was seen is no longer to be had. The watch ends: read everything again.
   */
  compacted(): void;
  /** The connection broke; it is tried again. */
  broken?(error: RpcError): void;
}

const retryMsMin = 50;
const retryMsMax = 500;
/** How often etcd is asked for its progress where nobody wants to know sooner. */
const askMsDefault = 4_000;
/**
 * etcd answers a request for progress at once; when it does not, the connection is not worth
 * keeping.
 */
const deafMs = 2_000;
/**
 * How often it is looked whether an answer has come, and after how long a question is put again.
 */
const lookMs = 1_000;
const repeatMs = 3_000;
/**
 * A watch that begins in the past is sent what it has missed in a round of its own, ten times a
 * second, and older versions of etcd answer a request for progress before that round as if it were
 * through (seen with 3.4.23): no question is put before some of them.
 */
const catchUpMs = 500;

const decoder = new TextDecoder();

function changesOf(events: WatchResponse['events']): EtcdChange[] {
  return events.flatMap(({ type, kv }) =>
    kv === undefined
      ? []
      : [
          {
            type: type === EtcdEventType.DELETE ? ('delete' as const) : ('put' as const),
            key: decoder.decode(kv.key),
            value: kv.value,
            modRevision: kv.modRevision,
          },
        ],
  );
}

/** Begins behind `after`; ends with the signal. */
// check-allow function-length -- one state of a stream, which every message of etcd changes
export async function watchEtcd(
  client: EtcdClient,
  prefix: string,
  after: bigint,
  handlers: EtcdWatchHandlers,
  options: EtcdWatchOptions,
): Promise<void> {
  const { clock, signal, askMs = askMsDefault, onAsk } = options;
  let seen = after;
  let retryMs = retryMsMin;

  /** One connection, from its start to its end; true when the watch is over. */
  async function follow(): Promise<boolean> {
    const connection = new AbortController();
    const end = () => connection.abort();
    signal.addEventListener('abort', end, { once: true });
    const member = client.member();
    const stream = client.watch.watch({ signal: connection.signal });
    let heardMs = clock.monotonic();
    let asking: Disposable | undefined;
    /** The question that is not answered yet: when it was put, and where etcd was then. */
    let asked: { readonly ms: number; readonly revision: bigint } | undefined;
    /** When the last question was put that is not answered yet, and the first of them. */
    let sentMs = Number.NEGATIVE_INFINITY;
    let unansweredMs: number | undefined;
    let nextMs = Number.NEGATIVE_INFINITY;
    async function putQuestion(ms: number): Promise<void> {
      const { revision } = await etcdMoment(client, prefix, { signal: connection.signal, timeoutMs: deafMs });
      asked ??= { ms, revision };
      await stream.write({ requestUnion: { case: 'progressRequest', value: {} } });
    }
    const ask = () => {
      const now = clock.monotonic();
      // One question at a time, so that it is known which one an answer is to; one that etcd leaves
      // unanswered, being busy, is put again.
      if (now - sentMs < Math.min(askMs * 3, repeatMs)) return;
      sentMs = now;
      unansweredMs ??= now;
      nextMs = now + askMs;
      putQuestion(now).catch(() => {
        sentMs = Number.NEGATIVE_INFINITY;
      });
    };
    const look = () => {
      const now = clock.monotonic();
      if (unansweredMs !== undefined && now - Math.max(unansweredMs, heardMs) > deafMs) {
        client.leave(member);
        return end();
      }
      asking = clock.setTimer(Math.min(askMs, lookMs), look);
      if (now >= nextMs) ask();
    };
    const begin = () => {
      onAsk?.(ask);
      look();
    };
    let fragments: EtcdChange[] = [];
    try {
      await stream.write({
        requestUnion: {
          case: 'createRequest',
          value: {
            key: keyBytes(prefix),
            rangeEnd: prefixEnd(prefix),
            startRevision: seen + 1n,
            progressNotify: true,
            fragment: true,
          },
        },
      });
      for await (const reply of stream) {
        heardMs = clock.monotonic();
        if (reply.compactRevision > 0n) {
          handlers.compacted();
          return true;
        }
        if (reply.created) {
          const now = momentOf(reply.header);
          if (!(await handlers.connected(now, seen))) return true;
          if (now.revision > seen) asking = clock.setTimer(catchUpMs, begin);
          else begin();
        }
        if (reply.canceled) return false;
        fragments.push(...changesOf(reply.events));
        if (reply.fragment) continue;
        const changes = fragments;
        fragments = [];
        const last = changes.at(-1)?.modRevision;
        if (last !== undefined) {
          retryMs = retryMsMin;
          await handlers.changes(changes, last);
          seen = last;
          heardMs = clock.monotonic();
        } else if (!reply.created) {
          // It answers, and no more: some versions of etcd say a revision before they have sent
          // what is below it.
          retryMs = retryMsMin;
          if (asked === undefined || momentOf(reply.header).revision < asked.revision) continue;
          handlers.progress(asked.ms);
          asked = undefined;
          unansweredMs = undefined;
          sentMs = Number.NEGATIVE_INFINITY;
        }
      }
      return false;
    } finally {
      onAsk?.(undefined);
      asking?.[Symbol.dispose]();
      signal.removeEventListener('abort', end);
      stream.cancel();
    }
  }

  while (!signal.aborted) {
    const member = client.member();
    try {
      if (await client.authenticated(follow)) return;
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown;
      if (signal.aborted) return;
      client.leave(member);
      handlers.broken?.(thrown);
    }
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimer(retryMs, done);
      signal.addEventListener('abort', done, { once: true });
    });
    retryMs = Math.min(retryMsMax, retryMs * 2);
  }
}
