/** The watch at one shard that a merged stream reads, as its carrier offers it. */
import type { Revision, StatusError } from '@kcp-ts/api';
import type { ShardRecord } from '../membership/membership.ts';
import type { WatchFrame } from './frames.ts';

export interface UpstreamWatchHandlers {
  /** In the shard's order, as they arrived together. No `error` is among them. */
  frames(frames: readonly WatchFrame[]): void;
  /**
   * Nothing more will come. With an error the shard refused, or ended it for good; without one the
   * connection broke, and it may be opened again.
   */
  end(error: StatusError | undefined): void;
}

export interface UpstreamWatch extends Disposable {
  /** Takes nothing more off the connection, so that the shard waits or gives up. */
  pause(): void;
  resume(): void;
}

/**
 * Opens the events of one shard after a revision, or, with `initial`, its state at exactly that
 * revision first (as events that carry it) and a progress behind that. Never calls a handler before
 * it returns, nor after the stream was disposed of.
 */
export type OpenUpstreamWatch = (
  shard: ShardRecord,
  after: Revision,
  initial: boolean,
  handlers: UpstreamWatchHandlers,
) => UpstreamWatch;
