/**
 * How many requests are in flight at most, as kube-apiserver's max-in-flight filter has it
 * (staging/src/k8s.io/apiserver/pkg/server/filters/maxinflight.go): watches do not count,
 * system:masters always gets through, and what is too much is refused with 429.
 *
 * Other than there, a request with a body counts from when the body has arrived, a request stops to
 * count when its answer begins, and one that waits for its turn does not count. A client that sends
 * a body slowly or does not read an answer would otherwise hold a place for a minute, and a few
 * clients could hold all of them. What such clients do hold is bounded in number, bytes and time
 * (`limits.ts`).
 */
import { StatusError } from '@kcp-ts/api';
import type { Exchange } from './exchange.ts';

export interface InFlightLimits {
  /** GET and HEAD; 0 for no limit. */
  readonly readOnlyMax: number;
  /** All others; 0 for no limit. */
  readonly mutatingMax: number;
}

export type RequestKind = 'readOnly' | 'mutating';

export interface InFlight {
  /**
   * Counts the request until it is answered. Throws StatusError TooManyRequests where there is no
   * room and it is not `exempt`.
   */
  admit(exchange: Exchange, exempt: boolean): void;
  /** In flight now, and refused since the start. */
  sizes(): Readonly<Record<RequestKind, { readonly current: number; readonly dropped: number }>>;
}

/** The prefix of a watch is a part of its path in the oldest form: `/api/v1/watch/…`. */
const watchPath = /\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/watch(?:\/|$)/;

/** Whether a request is a watch, for all that its line says. */
export function isWatch({ method, url }: Pick<Exchange, 'method' | 'url'>): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || !url.includes('watch')) return false;
  const question = url.indexOf('?');
  if (watchPath.test(question < 0 ? url : url.slice(0, question))) return true;
  // As the API server reads it: what is counted as a watch and served as a list would not count at
  // all.
  const text = question < 0 ? null : new URLSearchParams(url.slice(question + 1)).get('watch');
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** kube-apiserver's words. */
export function tooManyRequests(): StatusError {
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });
}

export function createInFlight({ readOnlyMax, mutatingMax }: InFlightLimits): InFlight {
  const counts = {
    readOnly: { current: 0, dropped: 0, max: readOnlyMax === 0 ? Number.POSITIVE_INFINITY : readOnlyMax },
    mutating: { current: 0, dropped: 0, max: mutatingMax === 0 ? Number.POSITIVE_INFINITY : mutatingMax },
  };

  function check(count: (typeof counts)[RequestKind]): void {
    if (count.current < count.max) return;
    count.dropped++;
    throw tooManyRequests();
  }

  return {
    admit(exchange, exempt) {
      if (isWatch(exchange)) return;
      const { method } = exchange;
      const count = method === 'GET' || method === 'HEAD' ? counts.readOnly : counts.mutating;
      if (!exempt) check(count);
      if (!exchange.hasBody) {
        exchange.countIn(count);
        return;
      }
      exchange.onBody((refusable) => {
        if (refusable && !exempt) check(count);
        exchange.countIn(count);
      });
    },
    sizes: () => counts,
  };
}
