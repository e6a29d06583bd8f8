/** What merged streams must know of shards, and from whom: a part of the membership, as this package sees it. */
import type { Revision } from '@kcp-ts/api';

/** A time in which a shard was left out of merged streams: what it committed in it was shown to nobody who ran through it. */
export interface Absence {
  /** Its progress when it was excluded: everything up to it had been shown. */
  readonly after: Revision;
  /** Where it counts again; well ahead of its return being recorded, as a join. */
  readonly upTo: Revision;
}

export interface MergedShard {
  readonly name: string;
  readonly number: number;
  /** It commits above this only. */
  readonly joinRevision: Revision;
  readonly alive: boolean;
  /** Its progress when it was excluded; undefined while it takes part. */
  readonly excludedAt: Revision | undefined;
  /** Those that are over, oldest first. */
  readonly absences: readonly Absence[];
}

export interface ShardsView<Shard extends MergedShard = MergedShard> {
  current(): { readonly shards: readonly Shard[] };
  /** Called with the state now, and with each later one. */
  follow(listener: (state: { readonly shards: readonly Shard[] }) => void): Disposable;
  /** Milliseconds since the state is known to have been the newest. */
  silentForMs(): number;
  /**
   * Asks at once whether the state is the newest. Resolves when the answer has come, whatever it is, and after a second where none comes: `silentForMs` says
   * what is known then. Questions at one time are one.
   */
  refresh(): Promise<void>;
}

/**
 * A service that has had no answer of the membership for this long knows too little: a shard may have joined. A join counts from so far ahead that this, the half second
 * that clocks may be apart, and as much again lie between.
 */
export const silentMsMax = 500;

/** What a shard says of itself, asked after the question was put. */
export interface ShardProgress {
  /** Nothing will be committed at or below it any more. */
  readonly progress: Revision;
  /** The newest durable commit. */
  readonly last: Revision;
}

/** Asks a shard to make progress past a revision, as far as its own clock allows, and to say so on its streams. Rejects when it cannot be reached. */
export type AskProgress<Shard extends MergedShard = MergedShard> = (
  shard: Shard,
  past: Revision,
) => Promise<ShardProgress>;
