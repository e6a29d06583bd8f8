/** Content negotiation: Accept headers as lists, best first, read once per text. */
import { LRUCache } from 'lru-cache';

/**
 * One entry of an Accept header (RFC 9110 section 12.5.1). Names are in lower case, parameter
 * values as sent.
 */
export interface MediaRange {
  /** A full type (`application/json`), a type with any subtype, or the range of everything. */
  readonly type: string;
  /** Without `q`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

const headerLengthMax = 4096;
const rangesMax = 50;

/** Splits at a separator that is not inside a quoted string. */
function split(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : text;
}

function qualityOf(text: string): number {
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

function rangeOf(text: string): MediaRange | undefined {
  const [name = '', ...rest] = split(text, ';');
  const trimmed = name.trim().toLowerCase();
  const type = trimmed === '*' ? '*/*' : trimmed;
  if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return undefined;
  const parameters: Record<string, string> = Object.create(null);
  let quality = 1;
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const key = parameter.slice(0, equals).trim().toLowerCase();
    const value = unquote(parameter.slice(equals + 1).trim());
    if (key === 'q') quality = qualityOf(value);
    else parameters[key] = value;
  }
  return { type, parameters, quality };
}

/** How exactly a range says what it wants: any, any subtype, one. */
function precision(range: MediaRange): number {
  if (range.type === '*/*') return 0;
  return range.type.endsWith('/*') ? 1 : 2;
}

function parse(accept: string): readonly MediaRange[] {
  const ranges = split(accept.slice(0, headerLengthMax), ',')
    .slice(0, rangesMax)
    .map(rangeOf)
    .filter((range) => range !== undefined && range.quality > 0) as MediaRange[];
  return ranges.sort((a, b) => b.quality - a.quality || precision(b) - precision(a));
}

/**
 * A reader of Accept headers that remembers what it has read. The list is best first; equals keep
 * the client's order. An empty header accepts anything.
 */
export function createAcceptReader(): (accept: string | undefined) => readonly MediaRange[] {
  const known = new LRUCache<string, readonly MediaRange[]>({ max: 500 });
  return (accept) => {
    const text = accept === undefined || accept.trim() === '' ? '*/*' : accept;
    let ranges = known.get(text);
    if (ranges === undefined) {
      ranges = parse(text);
      known.set(text, ranges);
    }
    return ranges;
  };
}

/** Reads one header, without a memory. */
export function parseAccept(accept: string): readonly MediaRange[] {
  return parse(accept.trim() === '' ? '*/*' : accept);
}

/**
 * What a handler can answer with. `parameters` must be asked for with just these values; none of
 * its own means that a range with an `as` does not match.
 */
export interface MediaOffer {
  readonly type: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Parameters that ask for another kind of answer; others (`charset`, `stream`) do not decide. */
const deciding = ['as', 'g', 'v'] as const;

function matches(range: MediaRange, offer: MediaOffer): boolean {
  const { type } = range;
  const fits =
    type === offer.type || type === '*/*' || (type.endsWith('/*') && offer.type.startsWith(type.slice(0, -1)));
  return fits && deciding.every((key) => range.parameters[key] === offer.parameters?.[key]);
}

/** The client's best range that an offer meets, and the first such offer; undefined is a 406. */
export function negotiate<Offer extends MediaOffer>(
  ranges: readonly MediaRange[],
  offers: readonly Offer[],
): Offer | undefined {
  for (const range of ranges) {
    const offer = offers.find((candidate) => matches(range, candidate));
    if (offer !== undefined) return offer;
  }
  return undefined;
}
