/** Selectors as they stand in a URL. Both parsers throw a BadRequest with apimachinery's text. */
import { validateLabelValue, validateQualifiedName } from './names.ts';
import type { LabelSelector, Requirement } from './selector.ts';
import { parseLabelInteger } from './selector.ts';
import { StatusError } from './status-error.ts';

type Token =
  | {
      readonly kind: 'end' | ',' | '(' | ')' | '=' | '==' | '!=' | '!' | '>' | '<' | 'in' | 'notin';
      readonly text: string;
    }
  | { readonly kind: 'identifier'; readonly text: string };

const operators = 'in, notin, =, ==, !=, gt, lt';

const spaces = new Set([' ', '\t', '\r', '\n']);
const symbolChars = new Set(['=', '!', '(', ')', '>', '<', ',']);
const word = /[^=!(),><\s]+/y;

/** Where the symbol at a place ends; only these are longer than one character. */
function symbolEnd(text: string, at: number): number {
  const char = text[at];
  return (char === '=' || char === '!') && text[at + 1] === '=' ? at + 2 : at + 1;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at);
    if (symbolChars.has(char)) {
      const end = symbolEnd(text, at);
      const symbol = text.slice(at, end);
      tokens.push({ kind: symbol as ',', text: symbol });
      at = end;
    } else if (spaces.has(char)) at++;
    else {
      word.lastIndex = at;
      const found = word.exec(text)?.[0] ?? char;
      tokens.push(
        found === 'in' || found === 'notin' ? { kind: found, text: found } : { kind: 'identifier', text: found },
      );
      at += found.length;
    }
  }
  return tokens;
}

/** What is wrong with one requirement. */
function bad(message: string): StatusError {
  return StatusError.badRequest(`unable to parse requirement: ${message}`);
}

/** What is wrong between requirements. */
function unexpected(token: Token, expected: string): StatusError {
  return StatusError.badRequest(`found '${token.text}', expected: ${expected}`);
}

interface Reader {
  /** Words are plain identifiers where a value is expected, even `in`. */
  peek(values?: boolean): Token;
  next(values?: boolean): Token;
}

const endToken: Token = { kind: 'end', text: '' };

function createReader(tokens: readonly Token[]): Reader {
  let at = 0;
  const peek = (values = false): Token => {
    const token = tokens[at] ?? endToken;
    return values && (token.kind === 'in' || token.kind === 'notin') ? { kind: 'identifier', text: token.text } : token;
  };
  return {
    peek,
    next(values) {
      const token = peek(values);
      at++;
      return token;
    },
  };
}

function checkKey(key: string): void {
  const messages = validateQualifiedName(key, 'a valid label key');
  if (messages.length === 0) return;
  // apimachinery gives it without a field.
  throw bad(`<nil>: Invalid value: ${JSON.stringify(key)}: ${messages.join('; ')}`);
}

function valueError(key: string, value: string, index: number): string | undefined {
  const messages = validateLabelValue(value);
  if (messages.length === 0) return undefined;
  return `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${messages.join('; ')}`;
}

function checkValues(key: string, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const wrong = valueError(key, value, index);
    if (wrong !== undefined) throw bad(wrong);
  }
}

/** The bound of `>` and `<`. */
function readBound(reader: Reader, key: string): bigint {
  const value = readValue(reader);
  const bound = parseLabelInteger(value);
  const integer = `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`;
  const wrong = [bound === undefined ? integer : undefined, valueError(key, value, 0)].filter(
    (text) => text !== undefined,
  );
  if (bound === undefined || wrong.length > 0)
    throw bad(wrong.length === 1 ? (wrong[0] ?? '') : `[${wrong.join(', ')}]`);
  return bound;
}

function readValues(reader: Reader): string[] {
  const open = reader.next(true);
  if (open.kind !== '(') throw bad(`found '${open.text}' expected: '('`);
  const first = reader.peek(true);
  if (first.kind === ')') {
    reader.next();
    return [''];
  }
  if (first.kind !== 'identifier' && first.kind !== ',') {
    throw bad(`found '${first.text}', expected: ',', ')' or identifier`);
  }
  const values = new Set<string>();
  for (;;) {
    const token = reader.next(true);
    if (token.kind === 'identifier') {
      values.add(token.text);
      const after = reader.peek(true);
      if (after.kind === ')') break;
      if (after.kind !== ',') throw bad(`found '${after.text}', expected: ',' or ')'`);
    } else if (token.kind === ',') {
      const after = reader.peek(true);
      if (values.size === 0 || after.kind === ',' || after.kind === ')') values.add('');
      if (after.kind === ')') break;
    } else {
      throw bad(`found '${token.text}', expected: ',', or identifier`);
    }
  }
  reader.next();
  return [...values].sort();
}

function readValue(reader: Reader): string {
  const token = reader.peek(true);
  if (token.kind === 'end' || token.kind === ',') return '';
  if (token.kind !== 'identifier') throw bad(`found '${token.text}', expected: identifier`);
  reader.next();
  return token.text;
}

function readRequirement(reader: Reader): Requirement {
  const negated = reader.peek().kind === '!';
  if (negated) reader.next();
  const token = reader.next(true);
  if (token.kind !== 'identifier') throw bad(`found '${token.text}', expected: identifier`);
  const key = token.text;
  checkKey(key);
  const after = reader.peek().kind;
  if (negated) return { key, operator: '!' };
  if (after === 'end' || after === ',') return { key, operator: 'exists' };
  const operator = reader.next();
  switch (operator.kind) {
    case '=':
    case '==':
    case '!=': {
      const values = [readValue(reader)];
      checkValues(key, values);
      return { key, operator: operator.kind === '!=' ? 'notin' : 'in', values };
    }
    case 'in':
    case 'notin': {
      const values = readValues(reader);
      checkValues(key, values);
      return { key, operator: operator.kind, values };
    }
    case '>':
    case '<':
      return { key, operator: operator.kind, bound: readBound(reader, key) };
    default:
      throw bad(`found '${operator.text}', expected: ${operators}`);
  }
}

/** `app=web,tier in (a,b),!old`; the empty text selects everything. */
export function parseLabelSelector(text: string): LabelSelector {
  const reader = createReader(tokensOf(text));
  const requirements: Requirement[] = [];
  if (reader.peek().kind === 'end') return requirements;
  for (;;) {
    const token = reader.peek(true);
    if (token.kind !== 'identifier' && token.kind !== '!') throw unexpected(token, "!, identifier, or 'end of string'");
    requirements.push(readRequirement(reader));
    const after = reader.next();
    if (after.kind === 'end') return requirements;
    if (after.kind !== ',') throw unexpected(after, "',' or 'end of string'");
    const next = reader.peek(true);
    if (next.kind !== 'identifier' && next.kind !== '!') throw unexpected(next, "identifier after ','");
  }
}

export interface FieldRequirement {
  /** `metadata.name`, `spec.color`. */
  readonly path: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === ',' || char === '=')
      throw StatusError.badRequest(`invalid field selector: unescaped character in value: ${char}`);
    if (char !== '\\') {
      value += char;
      continue;
    }
    const next = text[++at];
    if (next === undefined || !'\\,='.includes(next)) {
      throw StatusError.badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
    }
    value += next;
  }
  return value;
}

/** `metadata.name=a,spec.color!=red`; `\` escapes `,`, `=` and itself in values. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw StatusError.badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, path = '', operator, value = ''] = match;
    requirements.push({ path, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) });
  }
  return requirements;
}
