/**
 * The memory that clients hold by not reading: bytes of answers that were made and not taken. Each
 * answer has to be taken within a time; each client may leave so much of them before it is served
 * no more (`request-queue.ts`); and all of them together never exceed a bound, past which those
 * that have waited longest are given up.
 */
import type { Flow } from './flow.ts';
import type { HttpLimits } from './limits.ts';

export interface UnsentAnswer {
  readonly flow: Flow;
  /** Kept by the accounts alone, on the answer itself: every answer passes here. */
  unsentBytes: number;
  /** Whole milliseconds, or `taken`. */
  unsentSinceMs: number;
  /** Resets the stream or ends the connection, so that the bytes are free. */
  giveUp(): void;
}

export interface UnsentAnswers {
  /** The answer has so many bytes, none of them taken yet. May give up others to make room. */
  add(answer: UnsentAnswer, bytes: number): void;
  /** It has more or fewer bytes than before; its time goes on. */
  change(answer: UnsentAnswer, bytes: number): void;
  /** It has been taken, or is gone. */
  remove(answer: UnsentAnswer): void;
  /** Gives up answers that have waited too long. */
  sweep(): void;
  bytes(): number;
}

export interface UnsentAnswersDependencies {
  readonly limits: HttpLimits;
  now(): number;
  /** Called when a client has taken something. */
  freed(flow: Flow): void;
}

/** Of an answer that is in no account. */
export const taken = -1;

const smallBytes = 64 * 1024;

export function createUnsentAnswers({ limits, now, freed }: UnsentAnswersDependencies): UnsentAnswers {
  /** Those that wait longest come first. */
  const answers = new Set<UnsentAnswer>();
  let total = 0;

  function account(answer: UnsentAnswer, bytes: number): void {
    total += bytes;
    answer.flow.unsentBytes += bytes;
    if (bytes < 0) freed(answer.flow);
  }

  function remove(answer: UnsentAnswer): void {
    if (answer.unsentSinceMs === taken) return;
    answer.unsentSinceMs = taken;
    answers.delete(answer);
    account(answer, -answer.unsentBytes);
  }

  function giveUp(answer: UnsentAnswer): void {
    remove(answer);
    answer.giveUp();
  }

  function bound(answer: UnsentAnswer): void {
    if (answer.flow.unsentBytes > limits.unsentBytesPerClientMax && answers.size > 1)
      for (const other of answers)
        if (other.flow === answer.flow && other !== answer) {
          giveUp(other);
          if (answer.flow.unsentBytes <= limits.unsentBytesPerClientMax) break;
        }
    for (const oldest of answers) {
      if (total <= limits.unsentBytesMax) return;
      // A client that leaves next to nothing unread is not the one that fills the memory.
      if (oldest !== answer && oldest.flow.unsentBytes > smallBytes) giveUp(oldest);
    }
  }

  return {
    add(answer, bytes) {
      answer.unsentBytes = bytes;
      answer.unsentSinceMs = Math.floor(now());
      answers.add(answer);
      account(answer, bytes);
      bound(answer);
    },
    change(answer, bytes) {
      if (answer.unsentSinceMs === taken) return;
      const more = bytes - answer.unsentBytes;
      answer.unsentBytes = bytes;
      account(answer, more);
      if (more > 0) bound(answer);
    },
    remove,
    sweep() {
      const before = now() - limits.stallTimeoutMs;
      for (const answer of answers) {
        if (answer.unsentSinceMs > before) return;
        giveUp(answer);
      }
    },
    bytes: () => total,
  };
}
