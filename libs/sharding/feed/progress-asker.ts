/**
 * Asks a shard for progress, over one stream for as long as it holds: a call of its own for every
 * question would cost more than the answer.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';

export interface SaidProgress {
  /** Nothing will be committed at or below it. */
  readonly progress: Revision;
  readonly lastRevision: Revision;
}

export interface ProgressAsker extends Disposable {
  /**
   * Rejects with RpcError when the shard cannot be reached, or does not answer in time; the next
   * question tries again.
   */
  ask(past: Revision): Promise<SaidProgress>;
}

export interface ProgressAskerDependencies {
  readonly call: RpcClient<typeof FeedService>['call'];
  readonly clock: Clock;
  readonly timeoutMs: number;
}

interface Asked {
  readonly timer: Disposable;
  resolve(said: SaidProgress): void;
  reject(error: unknown): void;
}

type Stream = ReturnType<ProgressAskerDependencies['call']['progress']>;

const idMax = 0xffff_ffff;

export function createProgressAsker({ call, clock, timeoutMs }: ProgressAskerDependencies): ProgressAsker {
  const asked = new Map<number, Asked>();
  let stream: Stream | undefined;
  let lastId = 0;

  /** Requests on a stream that has ended get no answer. */
  function drop(ended: Stream, error: unknown): void {
    if (stream !== ended) return;
    stream = undefined;
    ended.cancel();
    const waiting = [...asked.values()];
    asked.clear();
    for (const { timer, reject } of waiting) {
      timer[Symbol.dispose]();
      reject(error);
    }
  }

  async function listen(opened: Stream): Promise<void> {
    for await (const { id, progress, lastRevision } of opened) {
      const one = asked.get(id);
      if (one === undefined) continue;
      asked.delete(id);
      one.timer[Symbol.dispose]();
      one.resolve({ progress: asRevision(progress), lastRevision: asRevision(lastRevision) });
    }
    throw new RpcError('unavailable', 'the shard has ended the stream of its progress');
  }

  function open(): Stream {
    const opened = call.progress();
    listen(opened).catch((error: unknown) => drop(opened, error));
    return opened;
  }

  return {
    ask(past) {
      stream ??= open();
      const used = stream;
      lastId = lastId === idMax ? 1 : lastId + 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        const late = () => drop(used, new RpcError('deadline-exceeded', 'the shard does not answer'));
        asked.set(id, { resolve, reject, timer: clock.setTimer(timeoutMs, late) });
        used.write({ past, id }).catch((error: unknown) => drop(used, error));
      });
    },
    [Symbol.dispose]() {
      if (stream !== undefined) drop(stream, new RpcError('cancelled', 'nobody asks any more'));
    },
  };
}
