/** JSON patches (RFC 6902) that a person can read: lists are replaced as a whole. */
import { isDeepStrictEqual } from 'node:util';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What makes of one object the other one. */
export function jsonPatchOf(before: Fields, after: Fields, path = ''): readonly PatchOperation[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key): readonly PatchOperation[] => {
    const [from, to] = [before[key], after[key]];
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (isDeepStrictEqual(from, to)) return [];
    if (to === undefined) return [{ op: 'remove', path: at }];
    if (from === undefined) return [{ op: 'add', path: at, value: to }];
    return isFields(from) && isFields(to) ? jsonPatchOf(from, to, at) : [{ op: 'replace', path: at, value: to }];
  });
}
