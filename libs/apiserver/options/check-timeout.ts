/** `?timeout=`, which any request that is no watch may have: a duration as Go writes it. */
import { StatusError } from '@kcp-ts/api';
import type { Query } from '../query.ts';

const units = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h']);
const part = /([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^0-9.]*)/y;
const textMax = 256;

/** What time.ParseDuration says against a text; undefined for a duration. */
function durationProblem(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return undefined;
  const invalid = `time: invalid duration ${quoted}`;
  if (body === '' || text.length > textMax) return invalid;
  part.lastIndex = 0;
  while (part.lastIndex < body.length) {
    const [, , unit] = part.exec(body) ?? [];
    if (unit === undefined) return invalid;
    if (unit === '') return `time: missing unit in duration ${quoted}`;
    if (!units.has(unit)) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
  }
  return undefined;
}

/** Throws StatusError BadRequest for a timeout that is no duration. */
export function checkTimeout(query: Query): void {
  const text = query.get('timeout');
  if (text === undefined || text === '') return;
  const problem = durationProblem(text);
  if (problem !== undefined) throw StatusError.badRequest(`invalid timeout specified in the request URL - ${problem}`);
}
