/** Values of a query as Go's url.Values become fields of an options struct. */
import { StatusError } from '@kcp-ts/api';
import type { Query } from '../query.ts';
import { isTrue } from '../query.ts';

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** An int64 that may be absent. Throws StatusError BadRequest with strconv's text. */
export function integerOf(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === '') return undefined;
  const wrong = (why: string) => StatusError.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw wrong('invalid syntax');
  if (text.length > 64) throw wrong('value out of range');
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (value < int64Min || value > int64Max) throw wrong('value out of range');
  return Number(value);
}

/** A bool that may be absent. */
export function switchOf(query: Query, name: string): boolean | undefined {
  return query.has(name) ? isTrue(query, name) : undefined;
}
