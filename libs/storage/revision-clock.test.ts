import { asRevision } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createRevisionClock, revisionAt, revisionEpochMs } from './revision-clock.ts';

function clockAt(start: number, last = 0) {
  let now = revisionEpochMs + start;
  const clock = createRevisionClock(() => now, asRevision(last));
  return { clock, set: (milliseconds: number) => (now = revisionEpochMs + milliseconds) };
}

describe('the revision clock', () => {
  it('counts microseconds since 2026, and zero before', () => {
    expect(revisionAt(Date.UTC(2026, 0, 1, 0, 0, 1))).toBe(1_000_000);
    expect(revisionAt(0)).toBe(0);
    expect(clockAt(5).clock.next()).toBe(5_000);
  });

  it('counts on where the wall clock stands still or steps back', () => {
    const { clock, set } = clockAt(5);
    expect([clock.next(), clock.next(), clock.next()]).toEqual([5_000, 5_001, 5_002]);
    set(1);
    expect(clock.next()).toBe(5_003);
    set(6);
    expect(clock.next()).toBe(6_000);
  });

  it('goes above what it has received, and above what it has promised', () => {
    const { clock, set } = clockAt(5);
    clock.observe(asRevision(9_000));
    clock.observe(asRevision(7_000));
    expect(clock.next()).toBe(9_001);
    set(20);
    expect(clock.promise()).toBe(20_000);
    expect(clock.next()).toBe(20_001);
    expect(clock.last()).toBe(20_001);
  });

  it('begins above where an earlier process ended', () => {
    expect(clockAt(5, 8_000).clock.next()).toBe(8_001);
  });
});
