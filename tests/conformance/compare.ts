/** Where two levelled answers differ, as JSON paths. */

export interface Difference {
  /**
   * `status`, `headers.warning`, `body.items[default].metadata.labels`: elements of lists by their
   * name where they have one.
   */
  readonly path: string;
  readonly recorded: unknown;
  readonly ours: unknown;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What tells an element of a list from its neighbours; undefined when nothing does. */
function nameOf(element: unknown): string | undefined {
  if (!isObject(element)) return undefined;
  const metadata = element['metadata'];
  if (isObject(metadata)) return text(metadata['name']);
  // An event of a watch.
  if (isObject(element['object'])) return nameOf(element['object']);
  return text(element['name']) ?? text(element['type']) ?? text(element['groupVersion']) ?? text(element['resource']);
}

function keyed(list: readonly unknown[]): Map<string, unknown> | undefined {
  const out = new Map<string, unknown>();
  for (const element of list) {
    const name = nameOf(element);
    if (name === undefined || out.has(name)) return undefined;
    out.set(name, element);
  }
  return out;
}

function compareLists(path: string, recorded: readonly unknown[], ours: readonly unknown[], found: Difference[]): void {
  const wanted = keyed(recorded);
  const got = keyed(ours);
  if (wanted === undefined || got === undefined) {
    const length = Math.max(recorded.length, ours.length);
    for (let index = 0; index < length; index++) compareInto(`${path}[${index}]`, recorded[index], ours[index], found);
    return;
  }
  for (const [name, element] of wanted) compareInto(`${path}[${name}]`, element, got.get(name), found);
  for (const [name, element] of got) if (!wanted.has(name)) compareInto(`${path}[${name}]`, undefined, element, found);
  const order = [...wanted.keys()].filter((name) => got.has(name));
  const ourOrder = [...got.keys()].filter((name) => wanted.has(name));
  if (order.join() !== ourOrder.join()) found.push({ path: `${path}.order`, recorded: order, ours: ourOrder });
}

function compareInto(path: string, recorded: unknown, ours: unknown, found: Difference[]): void {
  if (Array.isArray(recorded) && Array.isArray(ours)) compareLists(path, recorded, ours, found);
  else if (isObject(recorded) && isObject(ours)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(ours)]))
      compareInto(`${path}.${key}`, recorded[key], ours[key], found);
  } else if (recorded !== ours) found.push({ path, recorded, ours });
}

/** Every difference between two levelled values; `path` is where they stand. */
export function compare(path: string, recorded: unknown, ours: unknown): Difference[] {
  const found: Difference[] = [];
  compareInto(path, recorded, ours, found);
  return found;
}
