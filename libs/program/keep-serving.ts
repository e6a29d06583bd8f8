/**
 * Serves a shard for as long as this process owns it, stands by when it does not, and serves it
 * again when it does. Losing a shard is ordinary: etcd was away for longer than the lease lasts.
 * What was made for the former ownership (indexes, caches, controllers, watches) ends with it and
 * is made again: another process may have committed meanwhile.
 */
import type { Clock } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';

export interface Ownership extends AsyncDisposable {
  readonly lost: Promise<Error>;
}

/** What serves a shard; its end ends the watches of clients, who come back. */
export interface Service extends AsyncDisposable {
  /** From now on readiness says no. */
  drain(): void;
  /** Ends watches over so long; clients go on at the process that serves the shard then. */
  endWatches(milliseconds: number): Promise<void>;
}

export interface KeepServingDependencies<Owned extends Ownership> {
  /** Resolves when the shard is ours; rejects when the signal is aborted. */
  own(signal: AbortSignal): Promise<Owned>;
  /** Requests are refused from now on. */
  standBy(): void;
  /** Resolves when requests are served. */
  serve(owned: Owned): Promise<Service>;
  onLost(error: Error): void;
  /** It could not be served, or not be ended; it is tried again. */
  onError(error: unknown): void;
  readonly clock: Clock;
}

export interface KeptServing {
  drain(): void;
  endWatches(milliseconds: number): Promise<void>;
  /**
   * Stops for good: the service first, then what it was served from, when `between` has resolved.
   */
  stop(between: () => Promise<void>): Promise<void>;
}

const retryMs = 1_000;

/**
 * Resolves when requests are served for the first time; rejects where that fails though the shard
 * is ours.
 */
export async function keepServing<Owned extends Ownership>(deps: KeepServingDependencies<Owned>): Promise<KeptServing> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let now: { readonly owned: Owned; readonly service: Service } | undefined;
  let draining = false;

  async function begin(): Promise<{ readonly owned: Owned; readonly service: Service }> {
    for (;;) {
      deps.standBy();
      const owned = await deps.own(signal);
      let lost: Error | undefined;
      void owned.lost.then((error) => {
        lost = error;
      });
      try {
        return { owned, service: await deps.serve(owned) };
      } catch (error) {
        await owned[Symbol.asyncDispose]();
        if (lost === undefined) throw error;
        deps.onLost(lost);
      }
    }
  }

  async function end({ owned, service }: { readonly owned: Owned; readonly service: Service }): Promise<void> {
    await service[Symbol.asyncDispose]();
    await owned[Symbol.asyncDispose]();
  }

  async function beginAgain(): Promise<typeof now> {
    while (!signal.aborted) {
      try {
        return await begin();
      } catch (error) {
        if (signal.aborted) return undefined;
        deps.onError(error);
        await pauseOn(deps.clock, retryMs);
      }
    }
    return undefined;
  }

  async function follow(): Promise<void> {
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    while (now !== undefined) {
      const lost = await Promise.race([now.owned.lost, stopped]);
      if (lost === undefined) return;
      deps.onLost(lost);
      deps.standBy();
      const former = now;
      now = undefined;
      await end(former).catch(deps.onError);
      now = await beginAgain();
      if (draining) now?.service.drain();
    }
  }

  now = await begin();
  const following = follow();
  return {
    drain() {
      draining = true;
      now?.service.drain();
    },
    async endWatches(milliseconds) {
      await now?.service.endWatches(milliseconds);
    },
    async stop(between) {
      stopping.abort();
      await following;
      await now?.service[Symbol.asyncDispose]();
      await between();
      await now?.owned[Symbol.asyncDispose]();
    },
  };
}
