/**
 * Kubernetes' JSONPath as printer columns and field selectors use it: `.spec.x`, `['a.b']`, `[*]`,
 * `[0]`, `[-1]`, `[0:2]`, `..name`, `[?(@.type=="Ready")]`, and `\.` for a dot within a name.
 * Compiled once; what is missing gives nothing.
 */
import { jsonInteger } from '@kcp-ts/base';
import { hasKey, isJsonObject, isNumber } from './json-value.ts';

type Step = (values: unknown[], steps: PathSteps) => unknown[];
type Test = (value: unknown, steps: PathSteps) => boolean;

/**
 * What looking paths up may still cost, in values looked at: `..` several times in a path looks at
 * each value as often as there are ways to it.
 */
export interface PathSteps {
  left: number;
}

/** Enough for any path over any object but one that descends again and again. */
const stepsMax = 1_000_000;

/** What is wrong with a path. */
export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

function spend(steps: PathSteps, count: number): void {
  steps.left -= count;
  if (steps.left < 0) throw new JsonPathError('the path looks at too many values');
}

function memberStep(name: string): Step {
  return (values, steps) => {
    spend(steps, values.length);
    const found: unknown[] = [];
    for (const value of values) if (isJsonObject(value) && hasKey(value, name)) found.push(value[name]);
    return found;
  };
}

function wildcardStep(values: unknown[], steps: PathSteps): unknown[] {
  return values.flatMap((value) => {
    const members = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    spend(steps, 1 + members.length);
    return members;
  });
}

function sliceStep(text: string): Step {
  const [from = '', to, by = '1'] = text.split(':');
  const step = Math.max(1, Number(by === '' ? 1 : by));
  return (values, steps) =>
    values.flatMap((value) => {
      spend(steps, 1);
      if (!Array.isArray(value)) return [];
      if (to === undefined) {
        const item = value.at(Number(from));
        return item === undefined ? [] : [item];
      }
      spend(steps, value.length);
      const part = value.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to));
      return part.filter((_item, index) => index % step === 0);
    });
}

function descend(value: unknown, found: unknown[], steps: PathSteps): void {
  spend(steps, 1);
  found.push(value);
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) descend(member, found, steps);
}

function recursiveStep(values: unknown[], steps: PathSteps): unknown[] {
  const found: unknown[] = [];
  for (const value of values) descend(value, found, steps);
  return found;
}

const operators = ['==', '!=', '<=', '>=', '<', '>'] as const;

function compareValues(operator: (typeof operators)[number], left: unknown, right: unknown): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    default:
  }
  const comparable = (isNumber(left) && isNumber(right)) || (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return false;
  const a = left as number;
  const b = right as number;
  return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
}

/** One side of a comparison: a literal, or a path from `@`. */
function compileOperand(text: string, depth: number): (value: unknown, steps: PathSteps) => readonly unknown[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) {
    const read = compileSteps(trimmed.slice(1), depth + 1);
    return (value, steps) => read([value], steps);
  }
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')$/s.exec(trimmed);
  if (quoted !== null) {
    const literal = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/gs, '$1');
    return () => [literal];
  }
  if (trimmed === 'true' || trimmed === 'false') return () => [trimmed === 'true'];
  if (/^-?\d+$/.test(trimmed)) {
    const integer = jsonInteger(BigInt(trimmed));
    return () => [integer];
  }
  if (/^-?\d+\.\d+$/.test(trimmed)) return () => [Number(trimmed)];
  throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(trimmed.charAt(0))}`);
}

function compileFilter(text: string, depth: number): Test {
  for (let at = 0, quote = ''; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
      continue;
    }
    if (char === '"' || char === "'") quote = char;
    const operator = operators.find((candidate) => text.startsWith(candidate, at));
    if (operator === undefined) continue;
    const left = compileOperand(text.slice(0, at), depth);
    const right = compileOperand(text.slice(at + operator.length), depth);
    return (value, steps) => {
      spend(steps, 1);
      const [a, b] = [left(value, steps), right(value, steps)];
      return a.length === 1 && b.length === 1 && compareValues(operator, a[0], b[0]);
    };
  }
  const exists = compileOperand(text, depth);
  return (value, steps) => {
    spend(steps, 1);
    return exists(value, steps).length > 0;
  };
}

function closingBracket(text: string, from: number): number {
  for (let at = from, depth = 0, quote = ''; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return at;
  }
  throw new JsonPathError('unterminated array');
}

function bracketStep(text: string, depth: number): Step {
  const inner = text.trim();
  if (inner === '*') return wildcardStep;
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter !== null) {
    const test = compileFilter(filter[1] ?? '', depth);
    return (values, steps) =>
      values.flatMap((value) => (Array.isArray(value) ? value.filter((item) => test(item, steps)) : []));
  }
  if (/^-?\d*(?::-?\d*(?::\d*)?)?$/.test(inner) && inner !== '') return sliceStep(inner);
  const names = [...inner.matchAll(/(?:^|,)\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?=,|$)/gs)];
  if (names.length === 0) throw new JsonPathError(`invalid array index ${inner}`);
  const members = names.map((name) => memberStep((name[1] ?? name[2] ?? '').replace(/\\(.)/gs, '$1')));
  return (values, steps) => members.flatMap((member) => member(values, steps));
}

function compileSteps(text: string, depth: number): Step {
  if (depth > filterDepthMax) throw new JsonPathError('filters are nested too deep');
  const compiled: Step[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '[') {
      const end = closingBracket(text, at);
      compiled.push(bracketStep(text.slice(at + 1, end), depth));
      at = end + 1;
      continue;
    }
    if (text[at] === '.') {
      at++;
      if (text[at] === '.') {
        compiled.push(recursiveStep);
        at++;
      }
    } else if (at > 0 || text[at] === ']')
      throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(text[at])}`);
    let name = '';
    while (at < text.length && text[at] !== '.' && text[at] !== '[') {
      if (/[\s|=!<>,"'(){}]/.test(text.charAt(at))) {
        throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(text[at])}`);
      }
      if (text[at] === '\\') at++;
      name += text[at++] ?? '';
    }
    if (name === '*') compiled.push(wildcardStep);
    else if (name !== '') compiled.push(memberStep(name));
  }
  return (values, steps) => compiled.reduce((found, step) => step(found, steps), values);
}

function stripped(text: string): string {
  const path = /^\{(.*)\}$/s.exec(text)?.[1] ?? text;
  return path.startsWith('$') || path.startsWith('@') ? path.slice(1) : path;
}

/** Longer than any path that is in use. */
const textMax = 10_000;
const filterDepthMax = 16;

/**
 * Finds all values at the path, in order. Throws JsonPathError where that takes more than the steps
 * that are left, a million where none are given.
 */
export type JsonPath = (object: unknown, steps?: PathSteps) => unknown[];

/** Throws JsonPathError for text that is no path. */
export function compileJsonPath(text: string): JsonPath {
  if (text.length > textMax) throw new JsonPathError(`the path has more than ${textMax} characters`);
  const path = stripped(text);
  const plain = /^\.?([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/.exec(path);
  if (plain !== null) {
    // Nearly all paths are plain: no lists are made on the way.
    const names = (plain[1] ?? '').split('.');
    return (object) => {
      let value = object;
      for (const name of names) {
        if (!isJsonObject(value) || !hasKey(value, name)) return [];
        value = value[name];
      }
      return [value];
    };
  }
  const read = compileSteps(path, 0);
  return (object, steps = { left: stepsMax }) => read([object], steps);
}

/** What is wrong with a path, in client-go's words; undefined for a good one. */
export function parseJsonPath(text: string): string | undefined {
  try {
    compileJsonPath(text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof JsonPathError) return thrown.message;
    throw thrown;
  }
}
