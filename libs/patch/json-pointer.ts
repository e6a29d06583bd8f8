/** RFC 6901, as far as a JSON patch needs it. */
import { unprocessable } from './patch-errors.ts';

export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw unprocessable(`the path ${JSON.stringify(pointer)} does not start with a slash`);
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** An index below `length`, or below and at it where `atEnd` allows to append. */
export function parseIndex(segment: string, length: number, atEnd: boolean): number {
  if (segment === '-' && atEnd) return length;
  if (!/^(?:0|[1-9]\d{0,8})$/.test(segment)) throw unprocessable(`${JSON.stringify(segment)} is not an index`);
  const index = Number(segment);
  if (index > length || (index === length && !atEnd)) throw unprocessable(`the index ${index} is outside the list`);
  return index;
}
