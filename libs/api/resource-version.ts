/**
 * A revision changes clothes here and nowhere else: inside it is a `Revision`, outside a
 * `ResourceVersion`, `revision × 4096 + shard number` in decimal.
 */
import type { Revision } from './revision.ts';
import { asRevision } from './revision.ts';

declare const resourceVersion: unique symbol;

/** What clients see; an opaque decimal string of up to 64 bits, never a JavaScript number. */
export type ResourceVersion = string & { readonly [resourceVersion]: true };

/** Shard numbers are below this. */
export const shardNumbers = 4096;
/**
 * The shard number of a list or bookmark over several shards: ties at its revision count as seen.
 */
export const mergedShardNumber = shardNumbers - 1;

// 4096 = 2^12. Splitting at 10^9 keeps every product a safe integer and avoids BigInt on the write
// path.
const split = 1_000_000_000;

export function formatResourceVersion(revision: Revision, shard: number): ResourceVersion {
  const high = Math.floor(revision / split);
  const low = (revision - high * split) * shardNumbers + shard;
  const carry = Math.floor(low / split);
  const top = high * shardNumbers + carry;
  const rest = low - carry * split;
  return (top === 0 ? String(rest) : `${top}${String(rest).padStart(9, '0')}`) as ResourceVersion;
}

const pattern = /^(?:0|[1-9][0-9]{0,18})$/;

/** The parts of a resourceVersion, or undefined for text that is none. */
export function parseResourceVersion(
  text: string,
): { readonly revision: Revision; readonly shard: number } | undefined {
  if (!pattern.test(text)) return undefined;
  const value = BigInt(text);
  return { revision: asRevision(Number(value >> 12n)), shard: Number(value & 4095n) };
}
