import { expect, it } from 'vitest';
import { releaseMemory } from './release-memory.ts';

it('collects once after each burst, when the event loop has become idle', () => {
  let tick = (): void => undefined;
  let operations = 0;
  let busy = 0.5;
  let collected = 0;
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimer(_ms: number, run: () => void) {
      tick = run;
      return { [Symbol.dispose]: () => (tick = () => undefined) };
    },
  };
  const release = releaseMemory({
    clock,
    operations: () => operations,
    busy: () => busy,
    collect: () => void collected++,
  });
  tick();
  expect(collected).toBe(0);
  // What the start has left behind goes first.
  busy = 0;
  tick();
  tick();
  expect(collected).toBe(1);
  busy = 0.5;
  operations = 10_000;
  tick();
  expect(collected).toBe(1);
  busy = 0;
  tick();
  expect(collected).toBe(2);
  operations += 100;
  tick();
  expect(collected).toBe(2);
  operations += 10_000;
  tick();
  expect(collected).toBe(3);
  release[Symbol.dispose]();
  operations += 10_000;
  tick();
  expect(collected).toBe(3);
});
