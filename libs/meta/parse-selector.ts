/** The texts of `labelSelector` and `fieldSelector`, with apimachinery's errors. */
import { validateLabelValue, validateQualifiedName } from './names.ts';
import type { LabelSelector, Requirement } from './selector.ts';
import { StatusError } from './status-error.ts';

const tokenPattern = /\s*(?:(,|\(|\)|!=|==|=|!|<|>)|([^\s,()!=<>]+))/y;

type Token = { readonly kind: 'symbol' | 'word'; readonly text: string };

function tokens(text: string): Token[] {
  const found: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null && match[0] !== ''; match = tokenPattern.exec(text)) {
    found.push(match[1] === undefined ? { kind: 'word', text: match[2] ?? '' } : { kind: 'symbol', text: match[1] });
    if (tokenPattern.lastIndex >= text.length) break;
  }
  return found;
}

function unparsable(found: string, expected: string): StatusError {
  return StatusError.badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
}

const selectorLengthMax = 64 * 1024;

/** Throws StatusError BadRequest. */
export function parseLabelSelector(text: string): LabelSelector {
  if (text === '') return [];
  if (text.length > selectorLengthMax) throw StatusError.badRequest('unable to parse requirement: the selector is too long');
  const list = tokens(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const take = () => list[at++];
  const symbol = () => list[at]?.text ?? '';

  function values(): string[] {
    const open = take();
    if (open?.text !== '(') throw unparsable(open?.text ?? '', "'('");
    const found: string[] = [];
    for (;;) {
      const token = take();
      if (token?.text === ')') return found.length === 0 ? [''] : found;
      if (token === undefined) throw unparsable('', "',', ')' or identifier");
      if (token.text === ',') continue;
      if (token.kind !== 'word') throw unparsable(token.text, "',', ')' or identifier");
      found.push(token.text);
    }
  }

  function requirement(): Requirement {
    const token = take();
    if (token?.text === '!') {
      const key = take();
      if (key?.kind !== 'word') throw unparsable(key?.text ?? '', 'identifier');
      return { key: key.text, operator: '!' };
    }
    if (token?.kind !== 'word') throw unparsable(token?.text ?? '', "!, identifier, or 'end of string'");
    const key = token.text;
    const operator = symbol();
    switch (operator) {
      case '':
      case ',':
        return { key, operator: 'exists' };
      case '=':
      case '==':
      case '!=': {
        at++;
        const next = list[at];
        const value = next?.kind === 'word' ? next.text : '';
        if (next?.kind === 'word') at++;
        else if (next !== undefined && next.text !== ',') throw unparsable(next.text, 'identifier');
        return { key, operator: operator === '!=' ? 'notin' : 'in', values: [value] };
      }
      case 'in':
      case 'notin':
        at++;
        return { key, operator, values: values() };
      default:
        throw unparsable(operator, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  while (at < list.length) {
    const found = requirement();
    checkRequirement(found);
    requirements.push(found);
    const separator = take();
    if (separator === undefined) break;
    if (separator.text !== ',') throw unparsable(separator.text, "',' or 'end of string'");
  }
  return requirements;
}

function checkRequirement(requirement: Requirement): void {
  const [problem] = validateQualifiedName(requirement.key);
  if (problem !== undefined) throw StatusError.badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(requirement.key)}: ${problem}`);
  if (!('values' in requirement)) return;
  for (const value of requirement.values) {
    const [bad] = validateLabelValue(value);
    if (bad !== undefined) throw StatusError.badRequest(`unable to parse requirement: values[0][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${bad}`);
  }
}

export interface FieldSelectorTerm {
  readonly path: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** `a.b=c,d!=e`; a backslash takes the next character as it is. Throws StatusError BadRequest. */
export function parseFieldSelector(text: string): FieldSelectorTerm[] {
  if (text === '') return [];
  const terms: FieldSelectorTerm[] = [];
  for (const part of text.split(/(?<!\\),/)) {
    if (part === '') continue;
    const match = /^([^=!]+)(==|=|!=)([\s\S]*)$/.exec(part);
    if (match === null) throw StatusError.badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const value = (match[3] ?? '').replaceAll(/\\(.)/g, '$1');
    terms.push({ path: match[1] ?? '', operator: match[2] === '!=' ? '!=' : '=', value });
  }
  return terms;
}
