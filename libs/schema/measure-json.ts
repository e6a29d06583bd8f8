/**
 * How deep and how large a JSON value is, without recursion: the bounds that a decoder holds bodies
 * to must hold for what is made of them as well, for everything behind it recurses and copies.
 */

export interface JsonBounds {
  /** How deep objects and arrays may nest. */
  readonly depthMax: number;
  /** About how long the JSON may be. */
  readonly bytesMax: number;
  /** How many different names members may have: each costs as much as some hundred characters. */
  readonly namesMax: number;
}

/**
 * What a value exceeds; undefined where it is within the bounds. Looks at no more than it needs to
 * know.
 */
export function exceededBound(value: unknown, bounds: JsonBounds): 'depth' | 'bytes' | 'names' | undefined {
  const { depthMax, bytesMax, namesMax } = bounds;
  let level: object[] = typeof value === 'object' && value !== null ? [value] : [];
  let bytes = 0;
  let members = 0;
  const visit = (member: unknown, next: object[]): void => {
    if (typeof member === 'string') bytes += member.length + 3;
    else if (typeof member === 'object' && member !== null) next.push(member);
    else bytes += 2;
  };
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > depthMax) return 'depth';
    const next: object[] = [];
    for (const container of level) {
      bytes += 2;
      if (Array.isArray(container)) for (const item of container) visit(item, next);
      else {
        for (const key in container) {
          bytes += key.length + 3;
          members++;
          visit((container as Readonly<Record<string, unknown>>)[key], next);
        }
      }
      if (bytes > bytesMax) return 'bytes';
    }
    level = next;
  }
  if (bytes > bytesMax) return 'bytes';
  return members > namesMax && hasMoreNames(value, namesMax) ? 'names' : undefined;
}

function hasMoreNames(value: unknown, namesMax: number): boolean {
  const names = new Set<string>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const container = waiting.pop();
    if (typeof container !== 'object' || container === null) continue;
    if (Array.isArray(container)) {
      for (const item of container) if (typeof item === 'object') waiting.push(item);
      continue;
    }
    for (const key in container) {
      names.add(key);
      waiting.push((container as Readonly<Record<string, unknown>>)[key]);
    }
    if (names.size > namesMax) return true;
  }
  return false;
}
