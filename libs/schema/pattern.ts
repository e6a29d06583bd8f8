/**
 * Patterns are RE2 and come from users. A JavaScript RegExp is many times faster and may take
 * exponential time, so it is used only for patterns of a shape whose cost is bounded: repetition of
 * single characters and classes alone, at most one of them without a limit, all of it behind `^`,
 * groups repeated by `?` only, and few enough choices in all.
 */

import type { Budget } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { RE2JS } from 're2js';

const clock = createSystemClock();

const choicesMax = 4096;

interface Scan {
  readonly text: string;
  at: number;
  unbounded: number;
  choices: number;
}

function scanEscape(scan: Scan): string | undefined {
  const next = scan.text[scan.at + 1];
  if (next === undefined || !/[dDwW.\-/$^+*?()[\]{}|\\]/.test(next)) return undefined;
  scan.at += 2;
  return next === '-' ? '\\x2d' : `\\${next}`;
}

function scanClass(scan: Scan): string | undefined {
  let out = '[';
  scan.at++;
  if (scan.text[scan.at] === '^') {
    out += '^';
    scan.at++;
  }
  if (scan.text[scan.at] === ']') return undefined;
  for (;;) {
    const char = scan.text[scan.at];
    if (char === undefined || char === '[') return undefined;
    if (char === ']') {
      scan.at++;
      return `${out}]`;
    }
    if (char === '\\') {
      const escaped = scanEscape(scan);
      if (escaped === undefined) return undefined;
      out += escaped;
    } else {
      out += char;
      scan.at++;
    }
  }
}

/** The quantifier at the position, or '' for none; undefined for a shape that is not allowed. */
function scanQuantifier(scan: Scan, group: boolean): string | undefined {
  const match = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})/.exec(scan.text.slice(scan.at, scan.at + 16));
  if (match === null) return '';
  const text = match[0];
  const most =
    text === '?'
      ? 1
      : text.startsWith('{')
        ? match[2] === undefined
          ? Number(match[1])
          : match[2] === ''
            ? undefined
            : Number(match[2])
        : undefined;
  if (group && most !== 1) return undefined;
  if (most === undefined) scan.unbounded++;
  else if (match[1] === undefined || match[2] !== undefined) scan.choices *= most + 1;
  if (most !== undefined && most > 1000) return undefined;
  scan.at += text.length;
  // A second quantifier makes the first lazy or possessive.
  return /[*+?{]/.test(scan.text[scan.at] ?? '') ? undefined : text;
}

function scanAlternatives(scan: Scan, depth: number): string | undefined {
  let out = '';
  while (scan.at < scan.text.length) {
    const char = scan.text[scan.at] ?? '';
    if (char === ')') return depth > 0 ? out : undefined;
    let atom: string | undefined;
    let group = false;
    if (char === '|') {
      if (depth === 0) return undefined;
      scan.choices *= 2;
      scan.at++;
      out += '|';
      continue;
    }
    if (char === '(') {
      atom = scanGroup(scan, depth);
      group = true;
    } else if (char === '[') atom = scanClass(scan);
    else if (char === '\\') atom = scanEscape(scan);
    else if (/[*+?{}\]]/.test(char)) return undefined;
    else {
      atom = char === '.' ? '[^\\n]' : char;
      scan.at++;
    }
    const quantifier = atom === undefined ? undefined : scanQuantifier(scan, group);
    if (quantifier === undefined) return undefined;
    if ((char === '^' || char === '$') && quantifier !== '') return undefined;
    out += atom + quantifier;
  }
  return depth === 0 ? out : undefined;
}

function scanGroup(scan: Scan, depth: number): string | undefined {
  scan.at++;
  if (scan.text[scan.at] === '?') {
    if (!scan.text.startsWith('?:', scan.at)) return undefined;
    scan.at += 2;
  }
  const inner = scanAlternatives(scan, depth + 1);
  if (inner === undefined) return undefined;
  scan.at++;
  return `(?:${inner})`;
}

interface SafeRegExp {
  readonly regExp: RegExp;
  /** How often, at most, it looks at each character. */
  readonly choices: number;
}

/** A RegExp that says the same in bounded time, or undefined. */
export function safeRegExp(pattern: string): RegExp | undefined {
  return findSafe(pattern)?.regExp;
}

function findSafe(pattern: string): SafeRegExp | undefined {
  // Without the anchor a search begins at every character; and V8 misses matches of `[^\n]{2}$`
  // behind an astral character.
  if (pattern.length > 500 || !pattern.startsWith('^')) return undefined;
  const scan: Scan = { text: pattern, at: 0, unbounded: 0, choices: 1 };
  const source = scanAlternatives(scan, 0);
  if (source === undefined || scan.unbounded > 1 || scan.choices > choicesMax) return undefined;
  if (scan.unbounded === 1 && pattern.includes('|')) return undefined;
  try {
    return { regExp: new RegExp(source, 'u'), choices: scan.choices };
  } catch {
    return undefined;
  }
}

/**
 * What one millisecond is worth. RE2's cost per character is between some nanoseconds and its
 * program's size in microseconds, and cannot be known beforehand.
 */
const stepsPerMs = 30_000;
const stepsPerUnitMax = 6;
const compileSteps = 8_000;
/**
 * Characters times the program's size that one test may have, where the pattern counts repetitions
 * or is long, and otherwise: some tens of milliseconds at worst.
 */
const repeatingUnitsMax = 250_000;
const plainUnitsMax = 4_000_000;
const longProgram = 40;
/** Longer texts go to RE2 also where the shape is harmless. */
const backtrackingMax = 1_000_000;

/**
 * True where the pattern is found anywhere in the text. Time is linear in the text for every
 * pattern, and is spent. The pattern is compiled when it is first asked about: schemas have
 * thousands that no object meets. Throws re2js's syntax error for a pattern that is none.
 */
export function compilePattern(pattern: string): (text: string, budget: Budget) => boolean {
  const fast = findSafe(pattern);
  let compiled: ReturnType<typeof RE2JS.compile> | undefined;
  return (text, budget) => {
    if (fast !== undefined && text.length * fast.choices <= backtrackingMax) return fast.regExp.test(text);
    if (compiled === undefined) {
      budget.spend(compileSteps);
      compiled = RE2JS.compile(pattern);
    }
    const size = compiled.programSize();
    const unitsMax = size > longProgram || pattern.includes('{') ? repeatingUnitsMax : plainUnitsMax;
    const units = text.length * size;
    if (units > unitsMax) budget.spend(Number.POSITIVE_INFINITY);
    const begin = clock.monotonic();
    const found = compiled.test(text);
    // A pause of the process must not count for a short text.
    budget.spend(1 + Math.min((clock.monotonic() - begin) * stepsPerMs, units * stepsPerUnitMax));
    return found;
  };
}

/**
 * How many instructions a pattern may make: repetitions multiply. Go's own bound is far higher;
 * compiling one that large takes seconds.
 */
const instructionsMax = 5_000;
/** A class of Unicode is a long list of ranges. */
const unicodeClass = 10;

/** About how many instructions a pattern makes, from its text alone. */
function instructionsOf(pattern: string): number {
  const sizes = [0];
  let last = 0;
  for (const [token, repetition] of pattern.matchAll(
    /\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+(?:,\d*)?)\}|./gs,
  )) {
    const inner = sizes.at(-1) ?? 0;
    if (repetition !== undefined) {
      const [low = '0', high = ''] = repetition.split(',');
      sizes[sizes.length - 1] = inner + last * (Math.max(Number(low), Number(high), 1) - 1);
    } else if (token === '(') sizes.push(0);
    else if (token === ')' && sizes.length > 1) {
      last = sizes.pop() ?? 0;
      sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + last;
    } else {
      last = /\\[pP]/.test(token) ? unicodeClass : 1;
      sizes[sizes.length - 1] = inner + last;
    }
  }
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Go's text of what is wrong with a pattern, or undefined for a good one. */
export function patternError(pattern: string): string | undefined {
  if (safeRegExp(pattern) !== undefined) return undefined;
  if (instructionsOf(pattern) > instructionsMax) return 'error parsing regexp: expression too large';
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return text.startsWith('error parsing regexp') ? text : `error parsing regexp: ${text}`;
  }
}
