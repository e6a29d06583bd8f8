/** The query of a URL, parsed on first use: most GETs have none. */
export interface Query {
  get(name: string): string | undefined;
  all(name: string): readonly string[];
  has(name: string): boolean;
  /** Nothing is asked for. */
  readonly empty: boolean;
}

const none: Query = { get: () => undefined, all: () => [], has: () => false, empty: true };

/** `text` is what stands behind the `?`. */
export function parseQuery(text: string): Query {
  if (text === '') return none;
  let parameters: URLSearchParams | undefined;
  const parsed = () => {
    parameters ??= new URLSearchParams(text);
    return parameters;
  };
  return {
    get: (name) => parsed().get(name) ?? undefined,
    all: (name) => parsed().getAll(name),
    has: (name) => parsed().has(name),
    empty: false,
  };
}

/**
 * Go's strconv.ParseBool as url.Values decode it: `watch`, `watch=1`, `watch=true`. Anything else
 * that is not false is true, as in apimachinery.
 */
export function isTrue(query: Query, name: string): boolean {
  const text = query.get(name);
  return text !== undefined && text !== '0' && text.toLowerCase() !== 'false';
}
