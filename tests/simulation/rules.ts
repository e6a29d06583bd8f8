/**
 * The rules of the protocol that a simulation can leave out, to show that each of them is needed.
 * They are left out around the code, not in it.
 */
export interface Rules {
  /** An event waits until every shard has made progress past it. */
  readonly progressWait: boolean;
  /** A shard commits above its join revision only. */
  readonly joinRevision: boolean;
  /** A dead shard is left out by a record that all replicas read, not by each as it sees fit. */
  readonly exclusionRecord: boolean;
  /** A replica that has not seen everything up to the exclusion ends its streams. */
  readonly endBeforeExclusion: boolean;
  /** A client that resumes from inside an absence gets 410. */
  readonly goneInside: boolean;
  /** A list is read at the largest revision of all shards, not at one's own time. */
  readonly largestOfAll: boolean;
  /** A shard that starts again begins above what it promised. */
  readonly reservation: boolean;
  /** A replica without an answer of the membership pauses. */
  readonly pauseWhenSilent: boolean;
  /** Who is not the owner any more commits nothing. */
  readonly fencing: boolean;
  /** Who is surely not the owner any more answers no read. */
  readonly readFence: boolean;
  /** A front-proxy asks the shards before it says that a path does not exist. */
  readonly confirmUnknown: boolean;
  /** A feed's message says what came before it, so that a gap shows. */
  readonly feedGaps: boolean;
  /** A copy that is being made, or could not be written, is nobody's to take. */
  readonly wholeCopies: boolean;
}

export const allRules: Rules = {
  progressWait: true,
  joinRevision: true,
  exclusionRecord: true,
  endBeforeExclusion: true,
  goneInside: true,
  largestOfAll: true,
  reservation: true,
  pauseWhenSilent: true,
  fencing: true,
  readFence: true,
  confirmUnknown: true,
  feedGaps: true,
  wholeCopies: true,
};
