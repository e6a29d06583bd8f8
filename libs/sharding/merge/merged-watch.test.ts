import type { Revision, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import { describe, expect, it } from 'vitest';
import type { ShardRecord } from '../membership/membership.ts';
import type { WatchFrame } from './frames.ts';
import { createMergedWatch } from './merged-watch.ts';
import { createProgressRequester } from './progress-requester.ts';
import type { Position } from './resume.ts';
import type { ShardProgress } from './shard-progress.ts';
import type { UpstreamWatchHandlers } from './upstream-watch.ts';

const asRevision = (value: number) => value as Revision;
const all = 4095;

function shard(number: number, more: Partial<ShardRecord> = {}): ShardRecord {
  return {
    name: `s${number}`,
    number,
    joinRevision: asRevision(0),
    baseUrl: '',
    rpcAddress: '',
    externalUrl: '',
    virtualWorkspaceUrl: '',
    labels: {},
    alive: true,
    excludedAt: undefined,
    absences: [],
    ...more,
  };
}

function event(revision: number, text = `e${revision}`): WatchFrame {
  return { type: 'event', revision: asRevision(revision), payload: Buffer.from(text) };
}

function progress(revision: number): WatchFrame {
  return { type: 'progress', revision: asRevision(revision), payload: new Uint8Array() };
}

/** Shards that a test moves by hand; timers run when it says so. */
function setUp(
  shards: readonly ShardRecord[],
  from: Position = { revision: asRevision(10), shard: all },
  initial = false,
) {
  let state = { shards };
  let silentMs = 0;
  const listeners = new Set<(state: { shards: readonly ShardRecord[] }) => void>();
  const timers: (() => void)[] = [];
  const opened: { shard: string; after: number; initial: boolean; handlers: UpstreamWatchHandlers; paused: boolean }[] =
    [];
  const progressRequests: [string, number][] = [];
  const shown: string[] = [];
  const ends: (StatusError | undefined)[] = [];
  let flowing = true;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimer(_, run) {
      timers.push(run);
      return { [Symbol.dispose]: () => void timers.splice(timers.indexOf(run), 1) };
    },
  };
  const progressRequester = createProgressRequester((progressRequested: ShardRecord, past: Revision) => {
    progressRequests.push([progressRequested.name, past]);
    return new Promise<ShardProgress>(() => undefined);
  }, clock);
  const watch = createMergedWatch({
    shards: {
      current: () => state,
      follow(listener) {
        listeners.add(listener);
        listener(state);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      silentForMs: () => silentMs,
      refresh: () => pauseOn(clock, 100),
    },
    open(opening, after, withState, handlers) {
      const stream = { shard: opening.name, after, initial: withState, handlers, paused: false };
      opened.push(stream);
      return {
        pause: () => {
          stream.paused = true;
        },
        resume: () => {
          stream.paused = false;
        },
        [Symbol.dispose]: () => undefined,
      };
    },
    progressRequester,
    clock,
    from,
    initial,
    includes: () => true,
    handler: {
      events(events) {
        shown.push(...events.map(({ payload }) => Buffer.from(payload).toString()));
        return flowing;
      },
      started: (revision) => void shown.push(`started ${revision}`),
      end: (error) => void ends.push(error),
    },
  });
  return {
    watch,
    shown,
    ends,
    opened,
    progressRequests,
    send: (name: string, ...frames: WatchFrame[]) =>
      opened.findLast((stream) => stream.shard === name)?.handlers.frames(frames),
    stream: (name: string) => opened.findLast((stream) => stream.shard === name),
    membership(next: readonly ShardRecord[]) {
      state = { shards: next };
      for (const listener of listeners) listener(state);
    },
    silent(milliseconds: number) {
      silentMs = milliseconds;
    },
    flow(flows: boolean) {
      flowing = flows;
    },
    runTimers() {
      for (const run of timers.splice(0)) run();
    },
  };
}

describe('a merged watch', () => {
  it('shows an event when every shard has made progress past it, ties in the order of shard numbers', () => {
    const { send, shown, progressRequests, watch } = setUp([shard(1), shard(2)]);
    send('s2', event(20, 'b20'), event(30, 'b30'));
    expect(shown).toEqual([]);
    expect(progressRequests).toEqual([['s1', 30]]);
    send('s1', event(20, 'a20'), event(25, 'a25'));
    expect(shown).toEqual(['a20', 'b20', 'a25']);
    expect(watch.position()).toBe(25);
    send('s1', progress(40));
    expect(shown).toEqual(['a20', 'b20', 'a25', 'b30']);
    expect(watch.position()).toBe(30);
  });

  it('goes on behind the largest revision of each shard that the client has seen', () => {
    const { opened, watch } = setUp([shard(1), shard(2), shard(3)], { revision: asRevision(10), shard: 2 });
    expect(opened.map(({ after }) => after)).toEqual([10, 10, 9]);
    expect(watch.position()).toBeUndefined();
  });

  it('begins with the state of all shards, and says when it is complete', () => {
    const { send, shown, watch } = setUp([shard(1), shard(2)], { revision: asRevision(10), shard: all }, true);
    send('s1', event(10, 'x'), event(10, 'y'), progress(10), event(12, 'later'));
    expect(watch.position()).toBeUndefined();
    send('s2', event(10, 'z'), progress(15));
    expect(shown).toEqual(['x', 'y', 'z', 'started 10', 'later']);
    expect(watch.position()).toBe(12);
  });

  it('passes nothing while the membership is silent', () => {
    const { send, shown, silent, runTimers } = setUp([shard(1)]);
    silent(1_001);
    send('s1', event(20));
    expect(shown).toEqual([]);
    silent(0);
    runTimers();
    expect(shown).toEqual(['e20']);
  });

  it('goes on without a shard that is excluded, once everything up to then has come', () => {
    const { send, shown, membership, ends } = setUp([shard(1), shard(2)]);
    send('s2', progress(15));
    send('s1', event(20));
    membership([shard(1), shard(2, { excludedAt: asRevision(15), alive: false })]);
    expect(shown).toEqual(['e20']);
    membership([shard(1), shard(2, { absences: [{ after: asRevision(15), upTo: asRevision(90) }] })]);
    expect(ends.map((error) => error?.code)).toEqual([410]);
  });

  it('ends with 410 where it stands before the progress of an excluded shard', () => {
    const { send, ends, membership } = setUp([shard(1), shard(2)]);
    send('s2', progress(14));
    membership([shard(1), shard(2, { excludedAt: asRevision(15), alive: false })]);
    expect(ends.map((error) => error?.code)).toEqual([410]);
  });

  it('does not begin inside an absence, and does at its ends', () => {
    const absent = [shard(1), shard(2, { absences: [{ after: asRevision(5), upTo: asRevision(90) }] })];
    expect(() => setUp(absent)).toThrow(expect.objectContaining({ code: 410 }));
    for (const revision of [5, 90]) setUp(absent, { revision: asRevision(revision), shard: all });
  });

  it('takes in a shard that joins, from its join revision on', () => {
    const { send, shown, membership, stream, watch } = setUp([shard(1)]);
    membership([shard(1), shard(2, { joinRevision: asRevision(50) })]);
    expect(stream('s2')?.after).toBe(50);
    send('s1', event(20), event(60));
    expect(shown).toEqual(['e20']);
    expect(watch.position()).toBe(50);
    send('s2', event(55), progress(70));
    expect(shown).toEqual(['e20', 'e55', 'e60']);
  });

  it('does not take the join of a shard for the time', () => {
    const { send, membership, watch } = setUp([shard(1)]);
    send('s1', progress(20));
    membership([shard(1, { excludedAt: asRevision(20), alive: false }), shard(2, { joinRevision: asRevision(5_000) })]);
    expect(watch.position()).toBe(20);
  });

  it('stops taking from shards while its client takes nothing, and from one that runs far ahead', () => {
    const { send, shown, flow, stream, watch, runTimers } = setUp([shard(1), shard(2)]);
    flow(false);
    send('s1', event(20));
    send('s2', event(21));
    expect(shown).toEqual(['e20']);
    expect([stream('s1')?.paused, stream('s2')?.paused]).toEqual([true, true]);
    flow(true);
    watch.drained();
    runTimers();
    expect([stream('s1')?.paused, stream('s2')?.paused]).toEqual([false, false]);
    for (let i = 0; i < 10_002; i++) send('s2', event(100 + i));
    expect(stream('s2')?.paused).toBe(true);
    send('s1', progress(50_000));
    for (let i = 0; i < 20; i++) runTimers();
    expect(stream('s2')?.paused).toBe(false);
    expect(shown).toHaveLength(10_004);
  });

  it('opens a broken stream again behind what has come', () => {
    const { send, stream, opened, runTimers, shown } = setUp([shard(1)]);
    send('s1', event(20));
    stream('s1')?.handlers.end(undefined);
    runTimers();
    expect(opened.map(({ after }) => after)).toEqual([10, 20]);
    opened[0]?.handlers.frames([event(21, 'late')]);
    send('s1', event(21));
    expect(shown).toEqual(['e20', 'e21']);
  });

  it('ends where a shard goes back on its progress', () => {
    const { send, ends } = setUp([shard(1), shard(2)]);
    send('s1', progress(30), event(25));
    expect(ends.map((error) => error?.code)).toEqual([410]);
  });
});
