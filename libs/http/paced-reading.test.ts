import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createPacedReading } from './paced-reading.ts';

function at(hasRoom: () => boolean) {
  let next: (() => void)[] = [];
  const paced = createPacedReading({ hasRoom, nextTurn: (run) => void next.push(run) });
  const connection = () => {
    const state = { reads: true, destroyed: false };
    const _handle = {
      readStart: () => {
        state.reads = true;
      },
      readStop: () => {
        state.reads = false;
      },
    };
    const socket = {
      _handle,
      get destroyed() {
        return state.destroyed;
      },
    };
    return { state, opened: paced(socket as unknown as Socket) };
  };
  const turn = () => {
    const now = next;
    next = [];
    for (const run of now) run();
  };
  return { connection, turn, idle: () => next.length === 0 };
}

function open(opened: () => void, streams: number): void {
  for (let stream = 0; stream < streams; stream++) opened();
}

it('of connections that open many streams in a turn one goes on in each turn, and others are read all the while', () => {
  const loop = at(() => false);
  const loud = [loop.connection(), loop.connection(), loop.connection()];
  const quiet = loop.connection();
  for (const { opened } of loud) open(opened, 100);
  open(quiet.opened, 5);
  expect(loud.map(({ state }) => state.reads)).toEqual([false, false, false]);
  const reading = () => loud.filter(({ state }) => state.reads).length;
  for (let last = 0; !loop.idle(); last = reading()) {
    loop.turn();
    expect(reading() - last).toBeLessThanOrEqual(1);
    expect(quiet.state.reads).toBe(true);
  }
  expect(reading()).toBe(3);
});

it('while little comes from all connections, or few streams in each turn, nobody stops', () => {
  const calm = at(() => true);
  const one = calm.connection();
  open(one.opened, 1000);
  expect(one.state.reads).toBe(true);
  const busy = at(() => false);
  const few = busy.connection();
  for (let turn = 0; turn < 10; turn++) {
    open(few.opened, 20);
    busy.turn();
  }
  expect(few.state.reads).toBe(true);
});

it('a connection that is gone by its turn is left alone, and does not keep the next from going on', () => {
  const loop = at(() => false);
  const gone = loop.connection();
  const next = loop.connection();
  for (const { opened } of [gone, next]) open(opened, 100);
  gone.state.destroyed = true;
  while (!loop.idle()) loop.turn();
  expect([gone.state.reads, next.state.reads]).toEqual([false, true]);
});
