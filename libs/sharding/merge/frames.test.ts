import type { Revision } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createWatchFrameReader, encodeWatchFrame } from './frames.ts';

const large = Buffer.alloc(5_000, 'x');
const stream = Buffer.concat([
  encodeWatchFrame('event', 7 as Revision, Buffer.from('{"type":"ADDED"}\n')),
  encodeWatchFrame('progress', 1_754_000_000_123_456 as Revision),
  encodeWatchFrame('event', 1_754_000_000_123_457 as Revision, large),
  encodeWatchFrame('error', 0 as Revision, Buffer.from('{}')),
]);

describe('watch frames', () => {
  it.each([1, 3, 13, 14, 1_000, 100_000])('are read back from chunks of %d bytes', (size) => {
    const reader = createWatchFrameReader();
    const read: [string, number, string][] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const { type, revision, payload } of reader.push(stream.subarray(at, at + size)))
        read.push([type, revision, Buffer.from(payload).toString()]);
    }
    expect(read).toEqual([
      ['event', 7, '{"type":"ADDED"}\n'],
      ['progress', 1_754_000_000_123_456, ''],
      ['event', 1_754_000_000_123_457, large.toString()],
      ['error', 0, '{}'],
    ]);
  });

  it('are refused where none begins', () => {
    expect(() => createWatchFrameReader().push(Buffer.from('{"type":"ADDED","object":{}}'))).toThrow(/no frame/);
  });
});
