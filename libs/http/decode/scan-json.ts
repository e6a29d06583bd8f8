/**
 * A second reader of JSON, for what JSON.parse does not tell: which keys are doubled, and what is
 * wrong in Go's words, which clients know (`invalid character '}' looking for beginning of value`).
 * It goes over the text once, without recursion.
 */
import { duplicatesMax } from './decode-options.ts';

/**
 * The text is not JSON, or has a number that is none; the message is that of Go's encoding/json.
 */
export class JsonSyntaxError extends Error {}

interface Frame {
  readonly array: boolean;
  index: number;
  key: string;
  readonly keys: Set<string>;
}

const space = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** All but the quote, the backslash and control characters. */
const plainCharacters = /[ !#-[\]-\uffff]*/y;
const hexadecimal = /^[0-9a-fA-F]$/;

function quote(text: string, at: number): string {
  const character = text.charAt(at);
  if (character === "'") return String.raw`'\''`;
  if (character === '"') return `'"'`;
  const point = text.codePointAt(at) ?? 0;
  /* Go looks at bytes, and shows the first one of a longer character. */
  const shown = point < 0x80 ? character : String.fromCharCode(Buffer.from(String.fromCodePoint(point))[0] ?? 0);
  return `'${JSON.stringify(shown).slice(1, -1).replace(/\\u00/, '\\x')}'`;
}

function pathOf(frames: readonly Frame[]): string {
  let path = '';
  for (const frame of frames) {
    if (frame.array) path += `[${frame.index}]`;
    else path += path === '' ? frame.key : `.${frame.key}`;
  }
  return path;
}

/** Reads single tokens and knows Go's words for what it does not find. */
function createTokens(text: string) {
  let at = 0;
  let tooLarge: string | undefined;
  const fail = (where: string, position = at): never => {
    if (position >= text.length) throw new JsonSyntaxError('unexpected end of JSON input');
    throw new JsonSyntaxError(`invalid character ${quote(text, position)} ${where}`);
  };
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : at;
  };
  const escapeSequence = () => {
    const code = text.charAt(at + 1);
    if (code === 'u') {
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!hexadecimal.test(text.charAt(digit))) fail('in \\u hexadecimal character escape', digit);
      }
      at += 6;
    } else if (code !== '' && '"\\/bfnrt'.includes(code)) at += 2;
    else fail('in string escape code', at + 1);
  };
  return {
    peek: () => {
      at = match(space);
      return text.charAt(at);
    },
    skip: () => {
      at++;
    },
    fail,
    string(): string {
      const start = at;
      at++;
      for (;;) {
        at = match(plainCharacters);
        const character = text.charAt(at);
        if (character === '"') break;
        if (character === '\\') escapeSequence();
        else fail('in string literal');
      }
      at++;
      return text.slice(start, at);
    },
    literal(word: string) {
      for (let index = 1; index < word.length; index++) {
        const expected = word.charAt(index);
        if (text.charAt(at + index) !== expected) fail(`in literal ${word} (expecting '${expected}')`, at + index);
      }
      at += word.length;
    },
    number() {
      const start = at;
      at = match(number);
      if (at === start) fail('in numeric literal', at + 1);
      const token = text.slice(start, at);
      const next = text.charAt(at).toLowerCase();
      if (next === '.' && /^-?[0-9]+$/.test(token)) fail('after decimal point in numeric literal', at + 1);
      if (next === 'e' && !/e/i.test(token)) {
        fail('in exponent of numeric literal', /[+-]/.test(text.charAt(at + 1)) ? at + 2 : at + 1);
      }
      if (!Number.isFinite(Number(token))) tooLarge ??= token;
    },
    /** After the last token: Go reads numbers once it has found no other mistake. */
    end() {
      if (tooLarge === undefined) return;
      throw new JsonSyntaxError(`json: cannot unmarshal number ${tooLarge} into Go value of type float64`);
    },
  };
}

/** Containers and values between two steps. */
const valuesPerStep = 1_000;

/**
 * Paths of doubled keys, in order, read step by step. Throws JsonSyntaxError for what is not JSON,
 * and for numbers larger than any.
 */
export function* scanJson(text: string): Generator<undefined, string[]> {
  const tokens = createTokens(text);
  const frames: Frame[] = [];
  const duplicates = new Set<string>();

  const key = (frame: Frame, mayEnd: boolean): boolean => {
    const character = tokens.peek();
    if (character === '}' && mayEnd) {
      tokens.skip();
      return false;
    }
    if (character !== '"') tokens.fail('looking for beginning of object key string');
    frame.key = JSON.parse(tokens.string());
    if (frame.keys.has(frame.key) && duplicates.size < duplicatesMax) duplicates.add(pathOf(frames));
    frame.keys.add(frame.key);
    if (tokens.peek() !== ':') tokens.fail('after object key');
    tokens.skip();
    return true;
  };
  /** Reads a value, or its beginning; true when the value is complete. */
  const value = (): boolean => {
    const character = tokens.peek();
    if (character === '{' || character === '[') {
      tokens.skip();
      const frame: Frame = { array: character === '[', index: 0, key: '', keys: new Set() };
      frames.push(frame);
      if (frame.array) {
        if (tokens.peek() !== ']') return false;
        tokens.skip();
      } else if (key(frame, true)) return false;
      frames.pop();
      return true;
    }
    if (character === '"') tokens.string();
    else if (character === '-' || (character >= '0' && character <= '9')) tokens.number();
    else if (character === 't') tokens.literal('true');
    else if (character === 'f') tokens.literal('false');
    else if (character === 'n') tokens.literal('null');
    else tokens.fail('looking for beginning of value');
    return true;
  };
  /** After a complete value; false when another one follows. */
  const endOfContainer = (frame: Frame): boolean => {
    const character = tokens.peek();
    if (character === ',') {
      tokens.skip();
      if (frame.array) frame.index++;
      else key(frame, false);
      return false;
    }
    if (character !== (frame.array ? ']' : '}')) {
      tokens.fail(frame.array ? 'after array element' : 'after object key:value pair');
    }
    tokens.skip();
    return true;
  };

  for (let values = 1; ; values++) {
    if (values % valuesPerStep === 0) yield undefined;
    if (!value()) continue;
    for (;;) {
      const frame = frames.at(-1);
      if (frame === undefined) {
        if (tokens.peek() !== '') tokens.fail('after top-level value');
        tokens.end();
        return [...duplicates];
      }
      if (!endOfContainer(frame)) break;
      frames.pop();
    }
  }
}
