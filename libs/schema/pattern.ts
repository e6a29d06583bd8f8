/**
 * Patterns are RE2 and come from users. A JavaScript RegExp is many times faster and may take exponential time, so it is used only for
 * patterns of a shape whose cost is bounded: repetition of single characters and classes alone, at most one of them without a limit,
 * all of it behind `^`, groups repeated by `?` only, and few enough choices in all.
 */
import { RE2JS } from 're2js';

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

/** A RegExp that says the same in bounded time, or undefined. */
export function safeRegExp(pattern: string): RegExp | undefined {
  // Without the anchor a search begins at every character; and V8 misses matches of `[^\n]{2}$` behind an astral character.
  if (pattern.length > 500 || !pattern.startsWith('^')) return undefined;
  const scan: Scan = { text: pattern, at: 0, unbounded: 0, choices: 1 };
  const source = scanAlternatives(scan, 0);
  if (source === undefined || scan.unbounded > 1 || scan.choices > choicesMax) return undefined;
  if (scan.unbounded === 1 && pattern.includes('|')) return undefined;
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
}

/** True where the pattern is found anywhere in the text. Linear time for every pattern. Throws re2js's syntax error for a pattern that is none. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const fast = safeRegExp(pattern);
  if (fast !== undefined) return (text) => fast.test(text);
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}

/** Go's text of what is wrong with a pattern, or undefined for a good one. */
export function patternError(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return text.startsWith('error parsing regexp') ? text : `error parsing regexp: ${text}`;
  }
}
