/**
 * Follows everything that begins with a prefix, whatever happens to the connection: it goes on behind the last revision that came completely, applies
 * nothing of an answer until its last fragment is there, and says so when etcd has compacted what it would need. (Order and durability, rule 5.)
 */
import type { Clock } from '@kcp-ts/base';
import type { WatchResponse } from '@kcp-ts/proto';
import { EtcdEventType } from '@kcp-ts/proto';
import { RpcError } from '@kcp-ts/rpc';
import type { EtcdClient } from './etcd-client.ts';
import { keyBytes, prefixEnd } from './etcd-client.ts';

export interface EtcdChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: bigint;
}

export interface EtcdWatchHandlers {
  /** Everything up to `revision`, complete, in order. Where it takes its time, the next is not read before. */
  changes(changes: readonly EtcdChange[], revision: bigint): void | Promise<void>;
  /** etcd was heard, and had nothing to say: what is here was the newest when it was asked, on the monotonic clock. */
  progress(askedMs: number): void;
  /** What comes behind `revision` is no longer to be had. The watch ends: read everything anew. */
  compacted(revision: bigint): void;
  /** The connection broke; it is tried again. */
  broken?(error: RpcError): void;
}

const retryMsMin = 50;
const retryMsMax = 500;
/** etcd answers a request for progress at once; when it does not, the connection is not worth keeping. */
const askMsDefault = 1_000;
const deafMs = 4_000;

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
export async function watchEtcd(
  client: EtcdClient,
  prefix: string,
  after: bigint,
  handlers: EtcdWatchHandlers,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    /** How often etcd is asked for a sign of life, in milliseconds; 1,000 when absent. */
    readonly askMs?: number | undefined;
  },
): Promise<void> {
  const { clock, signal, askMs = askMsDefault } = options;
  let seen = after;
  let retryMs = retryMsMin;

  /** One connection's life; true when the watch is over. */
  async function follow(): Promise<boolean> {
    const connection = new AbortController();
    const end = () => connection.abort();
    signal.addEventListener('abort', end, { once: true });
    const stream = client.watch.watch({ signal: connection.signal });
    let heardMs = clock.monotonic();
    let asking: Disposable | undefined;
    let askedMs: number | undefined;
    let sentMs = 0;
    const ask = () => {
      const now = clock.monotonic();
      if (now - heardMs > deafMs) return end();
      asking = clock.setTimer(askMs, ask);
      // One question at a time, so that it is known which one an answer is to; one that etcd leaves unanswered, being busy, is put again.
      if (askedMs !== undefined && now - sentMs < askMs * 3) return;
      askedMs ??= now;
      sentMs = now;
      void stream.write({ requestUnion: { case: 'progressRequest', value: {} } }).catch(() => undefined);
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
        if (reply.created) ask();
        if (reply.compactRevision > 0n) {
          handlers.compacted(reply.compactRevision);
          return true;
        }
        if (reply.canceled) return false;
        fragments.push(...changesOf(reply.events));
        if (reply.fragment) continue;
        const changes = fragments;
        fragments = [];
        const last = changes.at(-1)?.modRevision;
        if (last !== undefined) {
          seen = last;
          retryMs = retryMsMin;
          await handlers.changes(changes, seen);
          heardMs = clock.monotonic();
        } else if (!reply.created) {
          // A sign of life and no more: some versions of etcd say a revision before they have sent what is below it.
          retryMs = retryMsMin;
          if (askedMs !== undefined) handlers.progress(askedMs);
          askedMs = undefined;
        }
      }
      return false;
    } finally {
      asking?.[Symbol.dispose]();
      signal.removeEventListener('abort', end);
      stream.cancel();
    }
  }

  while (!signal.aborted) {
    try {
      if (await client.authenticated(follow)) return;
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown;
      if (!signal.aborted) handlers.broken?.(thrown);
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
