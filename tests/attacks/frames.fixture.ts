/** Random HTTP/2 frames and random bodies, made from a seed. */
import { frame, frameFlags, frameTypes, goawayFrame, headersFrame, rstFrame, windowFrame } from '@kcp-ts/testing';

export type Chance = (below: number) => number;

/** mulberry32: the same numbers for the same seed. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function randomBytes(chance: Chance, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => chance(256)));
}

const bodies = [
  '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":',
  '{'.repeat(5_000),
  'a: &a [*a, *a]\nb: [*a',
  '\u0000k8s\u0000\n\u0004\n\u0002v1\u0012',
  '[{"op":"move","from":"/a/b","path":"/a"}]',
  '{"metadata":{"name":"\ud800"}}',
];
const types = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
];
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'G T'];

function headersOf(chance: Chance, paths: readonly string[], token: string | undefined): Record<string, string> {
  return {
    ':method': methods[chance(methods.length)] ?? 'GET',
    ':scheme': 'https',
    ':authority': 'a',
    ':path': paths[chance(paths.length)] ?? '/',
    ...(chance(2) === 0 || token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(chance(3) === 0 ? { 'content-type': types[chance(types.length)] ?? '' } : {}),
    ...(chance(20) === 0 ? { 'content-length': String(chance(100)) } : {}),
    ...(chance(20) === 0 ? { connection: 'close' } : {}),
    ...(chance(10) === 0 ? { 'x-kcp-ts-flow': String(chance(9)) } : {}),
  };
}

/**
 * A frame that may be anything: valid, on a stream that is closed, of a wrong length, padded beyond
 * its end, or no frame at all.
 */
export function randomFrame(chance: Chance, paths: readonly string[], token?: string): Buffer {
  const stream = chance(40) * 2 + 1;
  const { data, headers, priority, ping, settings, windowUpdate, continuation } = frameTypes;
  switch (chance(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return headersFrame(stream, headersOf(chance, paths, token), chance(2) === 0);
    case 4:
      return frame(data, chance(2), stream, Buffer.from(bodies[chance(bodies.length)] ?? ''));
    case 5:
      return frame(
        data,
        frameFlags.padded,
        stream,
        Buffer.concat([Buffer.from([chance(256)]), randomBytes(chance, 20)]),
      );
    case 6:
      return rstFrame(stream);
    case 7:
      return windowFrame([0, 1, 65_535, 2 ** 31 - 1][chance(4)] ?? 0);
    case 8:
      return frame(windowUpdate, 0, chance(2) * stream, Buffer.from([0x7f, 0xff, 0xff, chance(256)]));
    case 9:
      return frame(ping, chance(2), 0, randomBytes(chance, 8));
    case 10:
      return frame(priority, 0, stream, randomBytes(chance, 5));
    case 11:
      return frame(settings, chance(2), 0, randomBytes(chance, chance(3) * 6));
    case 12:
      return chance(4) === 0 ? goawayFrame() : frame(ping, 0, 0, randomBytes(chance, 8));
    case 13:
      return frame(headers, 0, stream, randomBytes(chance, 30));
    case 14:
      return frame(continuation, chance(2) * frameFlags.endHeaders, stream, randomBytes(chance, 10));
    default:
      return chance(6) === 0
        ? randomBytes(chance, 50)
        : frame(chance(12), chance(256), chance(50), randomBytes(chance, 12), chance(20));
  }
}
