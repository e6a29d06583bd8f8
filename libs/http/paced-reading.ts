/**
 * Connections that open many streams at once are read one after the other. Node makes the streams
 * of everything that it has read before anything else runs, some 50 µs each, answered or not; it
 * reads each socket once in a turn of the event loop. So a few connections that each open and reset
 * a hundred streams in a piece would keep all others waiting, though each of them keeps within its
 * bounds.
 */
import type { Socket } from 'node:net';
import { createPace } from './pace.ts';

/**
 * What `net` calls itself to stop and go on. `socket.pause()` has no effect on a socket that an
 * HTTP/2 session reads.
 */
interface ReadHandle {
  readStart(): unknown;
  readStop(): unknown;
}

export interface PacedReadingDependencies {
  /** Whether few requests came in this turn of the event loop, from all connections. */
  readonly hasRoom: () => boolean;
  readonly nextTurn: (run: () => void) => void;
}

/** Streams that a connection opens in one turn before it counts as one that opens many. */
const burst = 32;

/**
 * Returns what to call for each connection; and that returns what to call for each stream that is
 * opened on it.
 */
export function createPacedReading({ hasRoom, nextTurn }: PacedReadingDependencies): (socket: Socket) => () => void {
  const pace = createPace({ perTurn: 1, hasRoom, nextTurn });
  let turn = 0;
  let turning = false;

  function countTurns(): void {
    if (turning) return;
    turning = true;
    nextTurn(() => {
      turning = false;
      turn++;
    });
  }

  return (socket) => {
    const handleOf = () => (socket as Socket & { _handle?: ReadHandle | null })._handle;
    let lastTurn = -1;
    let opened = 0;
    let stopped = false;
    const goOn = () => {
      stopped = false;
      if (!socket.destroyed) handleOf()?.readStart();
    };
    return () => {
      if (lastTurn !== turn) {
        lastTurn = turn;
        opened = 0;
        countTurns();
      }
      if (++opened !== burst || hasRoom()) return;
      // Node starts to read again when it has written something: then it is stopped once more.
      handleOf()?.readStop();
      if (stopped) return;
      stopped = true;
      pace(goOn);
    };
  };
}
