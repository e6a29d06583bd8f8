/**
 * Whether a bearer token may read the metrics of a service that knows no tokens itself: a shard is
 * asked for its own metrics with it, and what it says holds here as well. So
 * `system:kcp:metrics-reader` is one right for all programs.
 */
import { hash } from 'node:crypto';
import { StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { Backends } from './backends.ts';
import { unavailable } from './backends.ts';

export interface ScrapeAccessDependencies {
  readonly backends: Pick<Backends, 'request'>;
  /** URLs of shards that are alive. */
  shards(): readonly string[];
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Resolves to why not, or to undefined where it may. `authorization`: the header. */
export type ScrapeAccess = (authorization: string) => Promise<StatusError | undefined>;

/** A right that was taken away counts for so long. */
const allowedMs = 30_000;
/** A token that is refused is not asked for again sooner. */
const refusedMs = 5_000;
const rememberedMax = 100;
/** Requests to shards at one time: callers without the right cannot keep shards busy. */
const asksMax = 4;

interface Verdict {
  readonly error: StatusError | undefined;
  readonly untilMs: number;
}

export function createScrapeAccess({ backends, shards, clock }: ScrapeAccessDependencies): ScrapeAccess {
  const known = new Map<string, Verdict>();
  const asking = new Map<string, Promise<StatusError | undefined>>();

  async function ask(authorization: string, key: string): Promise<StatusError | undefined> {
    const [url] = shards();
    if (url === undefined) return unavailable();
    const { status, body } = await backends.request(url, '/metrics', { authorization }, new AbortController().signal);
    body.destroy();
    if (status >= 500) return unavailable();
    const allowed = status === 200;
    const error = allowed
      ? undefined
      : status === 403
        ? new StatusError('Forbidden', 'forbidden: this token cannot get path "/metrics"', {})
        : new StatusError('Unauthorized', 'Unauthorized');
    for (const oldest of known.keys()) if (known.size >= rememberedMax) known.delete(oldest);
    known.set(key, { error, untilMs: clock.monotonic() + (allowed ? allowedMs : refusedMs) });
    return error;
  }

  return async (authorization) => {
    const key = hash('sha256', authorization, 'base64');
    const found = known.get(key);
    if (found !== undefined && clock.monotonic() < found.untilMs) return found.error;
    let asked = asking.get(key);
    if (asked === undefined) {
      if (asking.size >= asksMax)
        return new StatusError('TooManyRequests', 'too many requests for metrics', { retryAfterSeconds: 1 });
      asked = ask(authorization, key)
        .catch(() => unavailable())
        .finally(() => asking.delete(key));
      asking.set(key, asked);
    }
    return asked;
  };
}
