import type { Clock } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import { createCircuit } from './circuit.ts';

function createTestClock(): Clock & { time: number } {
  const clock = {
    time: 0,
    now: () => clock.time,
    monotonic: () => clock.time,
    setTimer: () => ({ [Symbol.dispose]: () => undefined }),
  };
  return clock;
}

function opened() {
  const clock = createTestClock();
  const circuit = createCircuit(clock);
  for (let failures = 0; failures < 3; failures++) {
    expect(circuit.admits()).toBe(true);
    circuit.failed();
  }
  return { clock, circuit };
}

it('opens after three failures in a row, and not while answers come between', () => {
  const { circuit } = opened();
  expect([circuit.isOpen(), circuit.admits()]).toEqual([true, false]);
  const other = createCircuit(createTestClock());
  for (let index = 0; index < 10; index++) {
    other.failed();
    other.failed();
    other.succeeded();
  }
  expect(other.admits()).toBe(true);
});

it('lets one request find out after a while, and closes when it is answered', () => {
  const { clock, circuit } = opened();
  clock.time = 251;
  expect([circuit.admits(), circuit.admits(), circuit.admits()]).toEqual([true, false, false]);
  circuit.succeeded();
  expect([circuit.isOpen(), circuit.admits(), circuit.admits()]).toEqual([false, true, true]);
});

it('waits longer after each attempt that failed, up to a second', () => {
  const { clock, circuit } = opened();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    const since = clock.time;
    while (!circuit.admits()) clock.time += 10;
    waits.push(clock.time - since);
    circuit.failed();
  }
  expect(waits).toEqual([250, 500, 1000, 1000, 1000, 1000, 1000]);
});

it('is not moved by requests that were under way when it opened', () => {
  const { clock, circuit } = opened();
  for (let index = 0; index < 50; index++) circuit.failed();
  clock.time = 251;
  expect(circuit.admits()).toBe(true);
});

it('lets another one try when the first gets no answer', () => {
  const { clock, circuit } = opened();
  clock.time = 251;
  expect(circuit.admits()).toBe(true);
  clock.time = 502;
  expect(circuit.admits()).toBe(true);
});
