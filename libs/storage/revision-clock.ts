/**
 * A hybrid logical clock: it follows the wall clock, and where that stands still, steps back or is
 * behind what others have said, it counts on.
 *
 * What was promised ("nothing will ever be committed at or below W") must hold after a crash as
 * well, so a durable engine stores a reservation before it lets a promise
 * out, and a start begins above the reservation that it finds.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';

/** Milliseconds since the epoch of revision 0: 2026-01-01T00:00:00Z. */
export const revisionEpochMs = Date.UTC(2026, 0, 1);

/**
 * How far ahead of the wall clock a reservation may reach, in revisions (microseconds): half of the
 * second that is allowed, since a start after a kill waits for the rest of it.
 */
export const reservationMax = 500_000;

/** The wall clock's time as a revision; before 2026 it is zero. */
export function revisionAt(epochMs: number): Revision {
  return asRevision(Math.max(0, Math.floor((epochMs - revisionEpochMs) * 1000)));
}

export interface RevisionClock {
  /**
   * The next revision to commit at: above every one given, observed or promised before, and not
   * below the wall clock.
   */
  next(): Revision;
  /** A revision received from another shard: everything given from now on is above it. */
  observe(revision: Revision): void;
  /**
   * The wall clock, or the last revision where that is ahead: nothing is given at or below it from
   * now on.
   */
  promise(): Revision;
  /** The largest revision given, observed or promised. */
  last(): Revision;
}

/**
 * `nowMs` gives milliseconds since the epoch; `last` is where an earlier process of the same store
 * ended.
 */
export function createRevisionClock(nowMs: () => number, last: Revision): RevisionClock {
  let latest: number = last;
  return {
    next() {
      latest = Math.max(latest + 1, revisionAt(nowMs()));
      return latest as Revision;
    },
    observe(revision) {
      if (revision > latest) latest = revision;
    },
    promise() {
      latest = Math.max(latest, revisionAt(nowMs()));
      return latest as Revision;
    },
    last: () => latest as Revision,
  };
}
