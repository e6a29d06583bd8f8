import type { Slices } from '@kcp-ts/base';
import { dump } from 'js-yaml';
import { numberSchema } from './yaml-numbers.ts';

/**
 * Writes a JSON value as sigs.k8s.io/yaml does: keys sorted, lists not indented, long lines not
 * folded, numbers in Go's forms.
 */
export function formatYaml(value: unknown): string {
  return dump(value, { schema: numberSchema, sortKeys: true, lineWidth: -1, seqNoIndent: true, noRefs: true });
}

/** What is written at once; js-yaml writes some megabytes in a second. */
const pieceCharacters = 8 * 1024;

/** About how much text a value makes, looked at until it is more than `max`. */
function sizeUpTo(value: unknown, max: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  for (const [key, member] of Object.entries(value)) {
    size += key.length + 4 + sizeUpTo(member, max - size);
    if (size > max) break;
  }
  return size;
}

/** js-yaml takes time that grows with the square of the depth. */
const pieceDepth = 24;

function isDeep(value: unknown, left = pieceDepth): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((member) => isDeep(member, left - 1));
}

function isPiece(value: unknown): boolean {
  return !isContainer(value) || (sizeUpTo(value, pieceCharacters) <= pieceCharacters && !isDeep(value));
}

function indented(text: string, depth: number): string {
  return depth === 0 ? text : text.replaceAll(/^(?=.)/gm, ' '.repeat(depth));
}

/** `- ` before what the first line says. */
function listItem(text: string, depth: number): string {
  return `${' '.repeat(depth)}- ${text.slice(depth + 2)}`;
}

/**
 * What is small is written as it is, and put together as YAML's block style puts members and items
 * together. js-yaml ends a document with `...` whose last text ends with line breaks: that belongs
 * behind the last piece alone.
 */
function createWriter(slices: Slices) {
  let open = false;

  async function piece(value: unknown, depth: number): Promise<string> {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
    const text = formatYaml(value);
    open = text.endsWith('\n...\n');
    return indented(open ? text.slice(0, -4) : text, depth);
  }

  async function list(items: readonly unknown[], depth: number): Promise<string> {
    let text = '';
    for (const together of piecesOf(items)) {
      const alone = together.length === 1 && !isPiece(together[0]);
      text += alone ? listItem(await write(together[0], depth + 2), depth) : await piece(together, depth);
    }
    return text;
  }

  async function object(members: Readonly<Record<string, unknown>>, depth: number): Promise<string> {
    // One string that is added to and not a list that is joined: to join at each level copies what
    // is deep once for each level.
    let text = '';
    for (const keys of keyPieces(members)) {
      const [key = ''] = keys;
      const member = members[key];
      if (keys.length > 1 || isPiece(member)) {
        text += await piece(Object.fromEntries(keys.map((each) => [each, members[each]])), depth);
        continue;
      }
      const inner = await write(member, Array.isArray(member) ? depth : depth + 2);
      // A key that needs a line of its own (`? key`) is written with its value after `: `.
      const head = formatYaml({ [key]: [0] }).replace(/- 0\n$/, '');
      text += indented(head, depth) + inner;
    }
    return text;
  }

  /** The text of a value, each line of it indented by `depth`. */
  async function write(value: unknown, depth: number): Promise<string> {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
    if (isPiece(value)) return piece(value, depth);
    return Array.isArray(value) ? list(value, depth) : object(value as Readonly<Record<string, unknown>>, depth);
  }

  return { write, endsOpen: () => open };
}

/** The same text as `formatYaml`, made piece by piece so that others get their turns. */
export async function formatYamlInSlices(value: unknown, slices: Slices): Promise<string> {
  const writer = createWriter(slices);
  const text = await writer.write(value, 0);
  return writer.endsOpen() ? `${text}...\n` : text;
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Neighbours that are written together, and large ones alone. */
function* grouped<Item>(items: Iterable<Item>, sizeOf: (item: Item) => number): Generator<Item[]> {
  let group: Item[] = [];
  let size = 0;
  for (const item of items) {
    const own = sizeOf(item);
    if (group.length > 0 && size + own > pieceCharacters) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(item);
    size += own;
  }
  if (group.length > 0) yield group;
}

/** What is deep stands alone. */
function sizeOf(value: unknown): number {
  return isDeep(value) ? pieceCharacters + 1 : 4 + sizeUpTo(value, pieceCharacters);
}

function piecesOf(list: readonly unknown[]): Generator<unknown[]> {
  return grouped(list, sizeOf);
}

function keyPieces(members: Readonly<Record<string, unknown>>): Generator<string[]> {
  return grouped(Object.keys(members).sort(), (key) => key.length + sizeOf(members[key]));
}
