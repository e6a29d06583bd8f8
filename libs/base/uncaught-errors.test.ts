import { expect, it } from 'vitest';
import { every } from './every.ts';
import { createUncaughtErrors, FatalError } from './uncaught-errors.ts';

function observed() {
  let nowMs = 0;
  const lines: unknown[] = [];
  let ends = 0;
  const uncaught = createUncaughtErrors({
    clock: { monotonic: () => nowMs },
    log: (level, error, _origin, unlogged) => void lines.push([level, (error as Error).message, unlogged]),
    end: () => void ends++,
  });
  return {
    uncaught,
    lines,
    ends: () => ends,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

it('an uncaught error is counted by its origin and logged, and the process goes on', () => {
  const { uncaught, lines, ends } = observed();
  uncaught.report(new Error('a'), 'uncaughtException');
  uncaught.report(new Error('b'), 'unhandledRejection');
  expect([uncaught.count('uncaughtException'), uncaught.count('unhandledRejection'), ends()]).toEqual([1, 1, 0]);
  expect(lines).toEqual([
    ['error', 'a', 0],
    ['error', 'b', 0],
  ]);
});

it('a broken state, a failed assertion and memory that cannot be had end the process', () => {
  const { uncaught, lines, ends } = observed();
  const assertion = Object.assign(new Error('assertion'), { code: 'ERR_ASSERTION' });
  const memory = new RangeError('Array buffer allocation failed');
  for (const error of [new FatalError('commit'), assertion, memory]) uncaught.report(error, 'uncaughtException');
  expect(ends()).toBe(3);
  expect(lines.map((line) => (line as unknown[])[0])).toEqual(['fatal', 'fatal', 'fatal']);
});

it('many errors fill no log: what was only counted is said with the next line', () => {
  const { uncaught, lines, pass } = observed();
  for (let index = 0; index < 100; index++) uncaught.report(new Error('again'), 'uncaughtException');
  expect(lines).toHaveLength(20);
  pass(10_000);
  uncaught.report(new Error('later'), 'uncaughtException');
  expect(lines.at(-1)).toEqual(['error', 'later', 80]);
  expect(uncaught.count('uncaughtException')).toBe(101);
});

it('what runs every so often runs again after it threw, until it is disposed', () => {
  const timers: (() => void)[] = [];
  let disposed = 0;
  const clock = {
    setTimer(_ms: number, run: () => void) {
      timers.push(run);
      return { [Symbol.dispose]: () => void disposed++ };
    },
  };
  const repeated = every(clock, 10, () => {
    throw new Error('no');
  });
  expect(() => timers[0]?.()).toThrow('no');
  expect(timers).toHaveLength(2);
  repeated[Symbol.dispose]();
  expect(disposed).toBe(1);
});
