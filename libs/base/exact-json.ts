/**
 * JSON with the numbers that Go's decoder keeps (sigs.k8s.io/json): an integer that fits 64 bits
 * with a sign stays exact, everything else is a 64-bit float. JavaScript's numbers are exact up to
 * 2^53. Integers beyond are bigints here, and only those: what a number can say exactly is never a
 * bigint, so that `===` compares exactly. A bigint compares exactly with numbers by `<` and `>`, is
 * no object to anybody, is copied as it is, and is printed by JSON.stringify.
 *
 * Nearly no text has such an integer. JSON.parse reads it with stand-ins for them, which are then
 * replaced in what it made; a reviver, which could be given each number's text, would take ten
 * times as long.
 */

declare global {
  interface JSON {
    /** ECMAScript's "JSON.parse source text access", which TypeScript does not know yet. */
    rawJSON(text: string): object;
  }
  interface BigInt {
    toJSON(): object;
  }
}

/**
 * How JSON.stringify prints an exact integer; without it, it throws. A replacer would take several
 * times as long for all other values.
 */
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  writable: true,
  value(this: bigint): object {
    return JSON.rawJSON(String(this));
  },
});

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/**
 * An integer as it stands in JSON values: a number where that is exact, a bigint up to 64 bits, and
 * otherwise the closest number, as Go's float64.
 */
export function jsonInteger(value: bigint): number | bigint {
  const near = Number(value);
  return Number.isSafeInteger(near) || value > int64Max || value < int64Min ? near : value;
}

/** Whether a value is one of Go's int64: an exact integer. */
export function isExactInteger(value: unknown): value is number | bigint {
  return Number.isSafeInteger(value) || typeof value === 'bigint';
}

/** No integer with fewer digits is beyond 2^53. */
const longDigits = 16;
const spaceOrMark = /[\s:,[]/;

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/**
 * Whether a number begins here: texts that are made of digits, such as resourceVersions, begin with
 * a quote.
 */
function beginsNumber(text: string, at: number): boolean {
  const before = text[at - 1] === '-' ? at - 2 : at - 1;
  return before < 0 || spaceOrMark.test(text.charAt(before));
}

/**
 * Whether a text that is JSON may have integers that JSON.parse does not read exactly; never false
 * where it has. Of so many digits in a row one stands at one of the places that are looked at, so
 * that this costs a twentieth of what JSON.parse does.
 */
export function hasLongNumbers(text: string): boolean {
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (!isDigitAt(text, at)) continue;
    let start = at;
    while (isDigitAt(text, start - 1)) start--;
    let end = at + 1;
    while (isDigitAt(text, end)) end++;
    if (end - start >= longDigits && beginsNumber(text, start)) return true;
    at += Math.floor((end - 1 - at) / longDigits) * longDigits;
  }
  return false;
}

/**
 * All long integers, and all numbers that may be 1e290 or more: each stands in the text by itself.
 */
const longNumber =
  /(?<![0-9.eE+-])-?(?:[1-9]\d{15,}(?:\.\d+)?(?:[eE][-+]?\d+)?|(?:0|[1-9]\d*)(?:\.\d+)?[eE]\+?\d{3,})/g;
const standInUnit = 1e290;
/** A sign and the digits of 2^63. */
const int64Characters = 20;

function exactNumber(number: string): number | bigint {
  return number.length <= int64Characters && /^-?\d+$/.test(number) ? jsonInteger(BigInt(number)) : Number(number);
}

/** Says for places that are asked for in their order whether they are within a string. */
function createStringFinder(text: string): (place: number) => boolean {
  let at = 0;
  let within = false;
  return (place) => {
    for (; at < place; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) within = !within;
      else if (code === 0x5c) at++;
    }
    return within;
  };
}

/** A text whose long numbers JSON.parse does not see. */
export interface WithoutLongNumbers {
  readonly text: string;
  /** Puts the numbers in their places in what JSON.parse has made of the text. */
  restore(value: unknown): unknown;
}

/**
 * Takes the long numbers out of a JSON text. What it costs grows with the text and with their
 * number, which nobody bounds here. Throws RangeError where one is larger than any number.
 */
export function withoutLongNumbers(text: string): WithoutLongNumbers {
  const isWithinString = createStringFinder(text);
  /** A number's stand-in is its place here, counted from 1, times the unit. */
  const values: (number | bigint)[] = [];
  let replaced = '';
  let from = 0;
  longNumber.lastIndex = 0;
  for (let found = longNumber.exec(text); found !== null; found = longNumber.exec(text)) {
    if (isWithinString(found.index)) continue;
    const [number] = found;
    const value = exactNumber(number);
    if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${number} is out of range`);
    values.push(value);
    replaced += `${text.slice(from, found.index)}${values.length}e290`;
    from = longNumber.lastIndex;
  }
  return {
    text: replaced + text.slice(from),
    restore(value) {
      if (typeof value === 'object' && value !== null) restore(value, values);
      return isStandIn(value) ? valueFor(value, values) : value;
    },
  };
}

/** Puts the values in place of their stand-ins. */
function restore(container: object, values: readonly (number | bigint)[]): void {
  // `for in` over an array costs several times as much.
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index++) {
      const item: unknown = container[index];
      if (typeof item === 'object' && item !== null) restore(item, values);
      else if (isStandIn(item)) container[index] = valueFor(item, values);
    }
    return;
  }
  for (const key in container) {
    const member = (container as Readonly<Record<string, unknown>>)[key];
    if (typeof member === 'object' && member !== null) restore(member, values);
    // An assignment would call the setter of `__proto__`.
    else if (isStandIn(member)) Object.defineProperty(container, key, { value: valueFor(member, values) });
  }
}

function isStandIn(value: unknown): value is number {
  return typeof value === 'number' && value >= standInUnit;
}

function valueFor(standIn: number, values: readonly (number | bigint)[]): number | bigint | undefined {
  return values[Math.round(standIn / standInUnit) - 1];
}

/**
 * As JSON.parse, but integers of up to 64 bits are exact: those beyond 2^53 are bigints. Throws
 * SyntaxError, and RangeError for more than any number.
 */
export function parseJson(text: string): unknown {
  if (!hasLongNumbers(text)) return JSON.parse(text);
  const { text: rest, restore: restored } = withoutLongNumbers(text);
  return restored(JSON.parse(rest));
}
