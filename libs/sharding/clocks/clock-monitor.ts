/**
 * Whether a shard's clock is right, as far as others can tell: the middle one of all clocks that it
 * receives counts as the time, and a shard that is surely more than half a second off it does not
 * serve. (Order and durability: an honest revision is never taken for one from too far ahead.)
 *
 * Each clock is read by a question and its answer, so the peer's time lies between two moments of
 * ours; within them it has the benefit of the doubt: a slow answer never looks like a wrong clock.
 * Where the clocks are even in number the lower of the two middle ones counts: of two shards that
 * differ the one ahead stands back. What is behind can follow what it receives; what is ahead would
 * be followed by nobody.
 */
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';

export interface PeerClock {
  readonly name: string;
  /** Its wall clock in milliseconds since the epoch. */
  read(signal: AbortSignal): Promise<number>;
}

export interface ClockMonitorOptions {
  readonly clock: Clock;
  /** The services to ask now: those that are alive, without ourselves. */
  peers(): readonly PeerClock[];
  /** Why the shard must not serve, or undefined: it may again. Called when that changes. */
  onChange?(fault: string | undefined): void;
}

export interface ClockMonitor extends Disposable {
  /** Why this shard must not serve now; undefined where its clock is right, or nobody can say. */
  fault(): string | undefined;
  /** How far we are ahead of the time, in milliseconds, for all that is sure; negative: behind. */
  offsetMs(): number;
  /** How far each peer is ahead of us, for all that is sure. */
  peers(): readonly { readonly name: string; readonly offsetMs: number }[];
  /** Asks everybody once; resolves when they have answered, or have had a second to. */
  measure(): Promise<void>;
}

export const clockOffsetMaxMs = 500;
const intervalMs = 3_000;
const answerMaxMs = 1_000;
/**
 * A clock that was last received longer ago counts no more, unless no other was received either.
 */
const freshMs = 10_000;
/**
 * What the wall clock may be set by while a question is under way before its answer says nothing.
 */
const stepMaxMs = 50;

/** A peer's wall clock less our monotonic one: true whatever happens to our wall clock. */
interface Sample {
  readonly least: number;
  readonly most: number;
  readonly atMs: number;
}

/**
 * How far a peer is ahead of a wall clock that is `shift` ahead of the monotonic one; 0 where it
 * may be right.
 */
function differenceTo({ least, most }: Sample, shift: number): number {
  return Math.max(0, least - shift) + Math.min(0, most - shift);
}

function verdictOn(offsetMs: number): string | undefined {
  if (Math.abs(offsetMs) <= clockOffsetMaxMs) return undefined;
  const seconds = (Math.abs(offsetMs) / 1_000).toFixed(1);
  return `the clock of this shard is at least ${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} the others`;
}

export function createClockMonitor(options: ClockMonitorOptions): ClockMonitor {
  const { clock, onChange } = options;
  const samples = new Map<string, Sample>();
  let closed = false;
  let reported: string | undefined;
  /**
   * Our wall clock less the monotonic one when the last verdict was found: while it is the same and
   * nothing is received, so is the verdict.
   */
  let judgedAt = Number.NaN;
  let offset = 0;
  let verdict: string | undefined;

  function differences(shift: number): { readonly name: string; readonly offsetMs: number }[] {
    const now = clock.monotonic();
    const all = [...samples];
    const fresh = all.filter(([, { atMs }]) => now - atMs <= freshMs);
    return (fresh.length > 0 ? fresh : all).map(([name, sample]) => ({ name, offsetMs: differenceTo(sample, shift) }));
  }

  function judge(shift: number): void {
    judgedAt = shift;
    const clocks = [0, ...differences(shift).map(({ offsetMs }) => offsetMs)].sort((left, right) => left - right);
    offset = 0 - (clocks[Math.floor((clocks.length - 1) / 2)] ?? 0);
    verdict = verdictOn(offset);
    // Logged once, not whenever the figure changes.
    if ((verdict === undefined) === (reported === undefined)) return;
    reported = verdict;
    onChange?.(verdict);
  }

  function look(): void {
    const shift = clock.now() - clock.monotonic();
    // The comparison is true for a clock that was never looked at as well.
    if (!(Math.abs(shift - judgedAt) < 1)) judge(shift);
  }

  async function ask({ name, read }: PeerClock): Promise<void> {
    const over = new AbortController();
    const end = clock.setTimer(answerMaxMs, () => over.abort());
    const before = clock.monotonic();
    const shift = clock.now() - before;
    try {
      const ended = new Promise<never>((_, reject) =>
        over.signal.addEventListener('abort', () => reject(new Error('no answer')), { once: true }),
      );
      const theirs = await Promise.race([read(over.signal), ended]);
      const after = clock.monotonic();
      // One that stood still while a question was under way does not know for how long.
      if (!Number.isFinite(theirs) || Math.abs(clock.now() - after - shift) > stepMaxMs) return;
      samples.set(name, { least: theirs - after, most: theirs - before, atMs: after });
    } catch {
      // A service that does not answer does not count.
    } finally {
      end[Symbol.dispose]();
    }
  }

  async function measure(): Promise<void> {
    const peers = options.peers();
    const names = new Set(peers.map(({ name }) => name));
    await Promise.all(peers.map(ask));
    if (closed) return;
    // Of one that is gone nothing is kept, once others are received: until then its word is the
    // last that there was.
    const now = clock.monotonic();
    const isFresh = ({ atMs }: Sample) => now - atMs <= freshMs;
    if ([...samples.values()].some(isFresh))
      for (const [name, sample] of samples) if (!names.has(name) && !isFresh(sample)) samples.delete(name);
    judge(clock.now() - clock.monotonic());
  }

  const timer = every(clock, intervalMs, () => void measure());

  return {
    fault() {
      look();
      return verdict;
    },
    offsetMs() {
      look();
      return offset;
    },
    peers: () => differences(clock.now() - clock.monotonic()),
    measure,
    [Symbol.dispose]() {
      closed = true;
      timer[Symbol.dispose]();
    },
  };
}
