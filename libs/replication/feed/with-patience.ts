import type { Clock } from '@kcp-ts/base';
import { StatusError } from '@kcp-ts/meta';

/** A stream that may not stand still for longer than `patienceMs`: then it is aborted, and Timeout is thrown. */
export async function* withPatience<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { clock, patienceMs, signal }: { readonly clock: Clock; readonly patienceMs: number; readonly signal: AbortSignal },
): AsyncIterable<T> {
  const own = new AbortController();
  const iterator = open(AbortSignal.any([signal, own.signal]))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await next(iterator, { clock, patienceMs, signal });
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    own.abort();
    // The stream may stand still for ever: whoever leaves it does not wait for it.
    iterator.return?.().catch(() => undefined);
  }
}

function next<T>(
  iterator: AsyncIterator<T>,
  { clock, patienceMs, signal }: { readonly clock: Clock; readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<IteratorResult<T>> {
  return new Promise((resolve, reject) => {
    const stop = () => finish(() => reject(new StatusError('Timeout', 'the feed is no longer followed')));
    const timer = clock.setTimer(patienceMs, () =>
      finish(() => reject(new StatusError('Timeout', 'the feed stood still'))),
    );
    function finish(settle: () => void): void {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', stop);
      settle();
    }
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    iterator.next().then(
      (step) => finish(() => resolve(step)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}

/** The promise's outcome, or Timeout as soon as the signal has aborted. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new StatusError('Timeout', 'nobody answered in time'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
