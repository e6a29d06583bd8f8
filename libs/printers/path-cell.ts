/** Cells that are read from the object by a JSONPath. */
import type { PrinterColumn } from '@kcp-ts/api';
import type { JsonPath, PathSteps } from '@kcp-ts/schema';
import { canonicalJson, isNumber, JsonPathError } from '@kcp-ts/schema';
import type { Cell } from './cell.ts';
import { durationSince } from './human-duration.ts';

/** Turns a found value into a cell; null where it is of another type, as in a CRD's table. */
type Convert = (value: unknown, now: number) => unknown;

const converts: Readonly<Record<PrinterColumn['type'], Convert>> = {
  string: (value) => (typeof value === 'object' ? canonicalJson(value) : String(value)),
  integer: (value) => (typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null),
  number: (value) => (isNumber(value) ? value : null),
  boolean: (value) => (typeof value === 'boolean' ? value : null),
  date: (value, now) => (typeof value === 'string' ? durationSince(value, now) : null),
};

/** `.spec.size` and the like, which nearly all columns are, need no interpreter. */
const plainPath = /^(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/;

function plainFind(path: string): (object: unknown) => unknown {
  const names = path.slice(1).split('.');
  return (object) => {
    let value: unknown = object;
    for (const name of names) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
    return value;
  };
}

/** Characters of a cell's text that cost one step. */
const charactersPerStep = 16;

function findSafely(find: JsonPath, object: unknown, steps: PathSteps): unknown {
  try {
    return find(object, steps)[0];
  } catch (thrown) {
    if (thrown instanceof JsonPathError) return undefined;
    throw thrown;
  }
}

/**
 * The first value that the path finds, in the column's type; `missing` where it finds none, or the
 * steps of the row are used up. Throws what the compiler throws on a bad path.
 */
export function pathCell(
  path: string,
  type: PrinterColumn['type'],
  missing: unknown,
  compile: (text: string) => JsonPath,
): Cell {
  const convert = converts[type];
  const plain = plainPath.test(path) ? plainFind(path) : undefined;
  const find = plain === undefined ? compile(path) : undefined;
  return (object, now, steps) => {
    if (steps.left < 0) return missing;
    const value = find === undefined ? plain?.(object) : findSafely(find, object, steps);
    if (value === undefined || value === null) return missing;
    const cell = convert(value, now);
    if (typeof cell === 'string') steps.left -= Math.ceil(cell.length / charactersPerStep);
    return cell;
  };
}
