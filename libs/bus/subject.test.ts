import { describe, expect, it } from 'vitest';
import { compileSubject, subjectSegment } from './subject.ts';

describe('subjects', () => {
  it('a pattern matches whole segments', () => {
    const matches = compileSubject('kcp.feed.*');
    expect(matches('kcp.feed.alpha')).toBe(true);
    for (const each of ['kcp.feed', 'kcp.feed.a.b', 'kcp.index.a', 'kcp']) expect(matches(each)).toBe(false);
    expect(compileSubject('kcp.feed.a')('kcp.feed.a')).toBe(true);
    expect(() => compileSubject('kcp.>')).toThrow(RangeError);
    expect(() => compileSubject('kcp..a')).toThrow(RangeError);
  });

  it('any name becomes one segment, and no two the same', () => {
    expect(subjectSegment('shard-1')).toBe('shard-1');
    expect(subjectSegment('a.b')).toBe('a=2e=b');
    expect(subjectSegment('*')).toBe('=2a=');
    expect(() => subjectSegment('')).toThrow(RangeError);
  });
});
