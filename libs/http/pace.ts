/**
 * Work that clients cause and that costs a millisecond and more each time, such as a handshake: so
 * much of it in one turn of the event loop, and the rest in later ones, so that a thousand clients
 * who come at once do not keep those who are there from being read.
 */
export interface PaceDependencies {
  readonly perTurn: number;
  /**
   * Asked before each piece of work: whether this turn has room for it. One piece is begun in each
   * turn all the same.
   */
  readonly hasRoom: () => boolean;
  /** Runs a callback when the event loop has read what there was to read. */
  readonly nextTurn: (run: () => void) => void;
}

/**
 * Runs work at once where the turn has room for it and nothing else waits, and says true; otherwise
 * in a later turn, in the order in which it came.
 */
export function createPace({ perTurn, hasRoom, nextTurn }: PaceDependencies): (work: () => void) => boolean {
  const waiting: (() => void)[] = [];
  let begun = 0;
  let turning = false;

  const begin = (work: () => void) => {
    begun++;
    work();
  };
  const beginNext = () => {
    const room = begun === 0 || (begun < perTurn && hasRoom());
    const work = room ? waiting.shift() : undefined;
    if (work !== undefined) begin(work);
  };
  const turn = () => {
    turning = false;
    begun = 0;
    if (waiting.length === 0) return;
    schedule();
    // Each in a callback of its own: what a piece of work makes us read is read, and counted,
    // before the next one begins.
    for (let each = Math.min(perTurn, waiting.length); each > 0; each--) nextTurn(beginNext);
  };
  const schedule = () => {
    if (turning) return;
    turning = true;
    nextTurn(turn);
  };

  return (work) => {
    schedule();
    const now = waiting.length === 0 && begun < perTurn && hasRoom();
    if (now) begin(work);
    else waiting.push(work);
    return now;
  };
}
