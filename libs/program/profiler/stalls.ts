/**
 * Turns of the event loop that took longer than they may, each with the stacks that took the time:
 * a timer that comes late says when, and the samples of a CPU profile say what.
 */
import type { Clock } from '@kcp-ts/base';
import type { CpuProfile } from './cpu-profile.ts';

export interface Stall {
  /** Milliseconds since the profile began. */
  readonly atMs: number;
  readonly durationMs: number;
  /** The stacks that took the most of it, innermost frame first. */
  readonly stacks: readonly { readonly ms: number; readonly frames: readonly string[] }[];
}

interface Interval {
  /** Milliseconds of the monotonic clock. */
  readonly from: number;
  readonly to: number;
}

/** The timer that is watched comes this often. */
const tickMs = 5;
const stacksMax = 3;
const framesMax = 30;
const stallsMax = 100;

/** Notes turns of at least so many milliseconds until it is disposed. */
export function watchTurns(
  clock: Pick<Clock, 'monotonic' | 'setTimer'>,
  thresholdMs: number,
): Disposable & { readonly intervals: readonly Interval[] } {
  const intervals: Interval[] = [];
  let last = clock.monotonic();
  let timer: Disposable;
  const tick = () => {
    const now = clock.monotonic();
    if (now - last - tickMs >= thresholdMs && intervals.length < stallsMax) intervals.push({ from: last, to: now });
    last = now;
    timer = clock.setTimer(tickMs, tick);
  };
  timer = clock.setTimer(tickMs, tick);
  return { intervals, [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

function frameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${url}:${lineNumber + 1}`;
}

/** `startedAt`: when the profile began, on the clock of the intervals. */
export function stallsOf(profile: CpuProfile, intervals: readonly Interval[], startedAt: number): readonly Stall[] {
  const { nodes, samples = [], timeDeltas = [], startTime } = profile;
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const framesOf = (id: number) => {
    const frames: string[] = [];
    for (let at: number | undefined = id; at !== undefined && frames.length < framesMax; at = parents.get(at)) {
      const node = byId.get(at);
      if (node !== undefined && node.callFrame.functionName !== '(root)') frames.push(frameOf(node.callFrame));
    }
    return frames;
  };
  const stalls = intervals.map(({ from, to }) => ({
    from: from - startedAt,
    to: to - startedAt,
    cost: new Map<number, number>(),
  }));
  let at = 0;
  let us = startTime;
  for (const [index, id] of samples.entries()) {
    us += timeDeltas[index] ?? 0;
    const ms = (us - startTime) / 1_000;
    while (at < stalls.length && (stalls[at]?.to ?? 0) < ms) at++;
    const stall = stalls[at];
    if (stall === undefined || ms < stall.from || byId.get(id)?.callFrame.functionName === '(idle)') continue;
    stall.cost.set(id, (stall.cost.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1_000);
  }
  const rounded = (ms: number) => Math.round(ms * 10) / 10;
  return stalls.map(({ from, to, cost }) => ({
    atMs: rounded(from),
    durationMs: rounded(to - from),
    stacks: [...cost]
      .sort(([, left], [, right]) => right - left)
      .slice(0, stacksMax)
      .map(([id, ms]) => ({ ms: rounded(ms), frames: framesOf(id) })),
  }));
}
