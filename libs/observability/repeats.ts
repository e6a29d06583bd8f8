/**
 * Warnings and errors that say the same again and again: the first few of a while are logged, then
 * one for a while, with how many there were. A peer that is dead for a day does not fill the disk.
 */

export interface Repeats {
  /**
   * Whether this one is logged, and how many of its kind were not since the last that was.
   */
  admit(key: string): { readonly logged: boolean; readonly suppressed: number };
}

interface Seen {
  windowMs: number;
  logged: number;
  suppressed: number;
}

const windowMs = 30_000;
/** In each window. */
const loggedMax = 5;
const keysMax = 500;

/** `now`: milliseconds on a clock that never steps back. */
export function createRepeats(now: () => number): Repeats {
  const seen = new Map<string, Seen>();
  return {
    admit(key) {
      const at = now();
      let found = seen.get(key);
      if (found === undefined) {
        for (const oldest of seen.keys()) if (seen.size >= keysMax) seen.delete(oldest);
        found = { windowMs: at, logged: 0, suppressed: 0 };
        seen.set(key, found);
      }
      if (at - found.windowMs >= windowMs) {
        // One that goes on is logged once a window from then on.
        found.logged = found.suppressed > 0 ? loggedMax - 1 : 0;
        found.windowMs = at;
      }
      if (found.logged >= loggedMax) {
        found.suppressed++;
        return { logged: false, suppressed: 0 };
      }
      found.logged++;
      const { suppressed } = found;
      found.suppressed = 0;
      return { logged: true, suppressed };
    },
  };
}
