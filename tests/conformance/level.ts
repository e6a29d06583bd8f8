/**
 * Takes from an answer what varies from run to run or is in kcp-ts' own words, so that the rest of
 * two answers can be compared.
 */
import { load } from 'js-yaml';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What this run's server calls what the recorded one called something else: cluster names. */
export type KnownNames = ReadonlyMap<string, string>;

const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b[0-9a-f]{40,}\b/gi, '<hash>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/https:\/\/[\w.-]+(:\d+)?/g, '<host>'],
  [/\b127\.0\.0\.1:\d+/g, '<address>'],
  // A bundle may hold one certificate or several.
  [/(?:-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?)+/g, '<certificate>'],
  [/\bgen-[a-z0-9]{5}\b/g, 'gen-<generated>'],
  [/\bv\d+-[0-9a-f]{7,9}(?=\.)/g, '<schema>'],
  [/\b(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{34,40}\b/g, '<hash>'],
  [/resource version: \d+/g, 'resource version: <revision>'],
  [/current: \d+/g, 'current: <revision>'],
  [/(\.io)-[a-z0-9]{5}(?=$|[^a-z0-9.])/g, '$1-<generated>'],
  [/^(<invalid>|\d+[smhdy](\d+[smhd])?)$/, '<age>'],
];

/** JSON inside a string, as annotations hold it, with its keys sorted. */
function sorted(text: string): string {
  if (!text.startsWith('{"') && !text.startsWith('[{"')) return text;
  try {
    return JSON.stringify(levelBody(JSON.parse(text), new Map()));
  } catch {
    return text;
  }
}

function levelText(text: string, names: KnownNames): string {
  let out = sorted(text);
  for (const [from, to] of names) out = out.replaceAll(from, to);
  for (const [pattern, mark] of patterns) out = out.replace(pattern, mark);
  return out;
}

// CEL rules are an issue of their own; the requests are sent without them.
const dropped = new Set(['managedFields', 'selfLink', 'description', 'x-kubernetes-validations']);
const marks: Readonly<Record<string, string>> = {
  uid: '<uid>',
  resourceVersion: '<revision>',
  continue: '<continue>',
  identityHash: '<hash>',
  identity: '<hash>',
  'internal.tenancy.kcp.io/shard': '<hash>',
  token: '<token>',
  storageVersionHash: '<hash>',
  'kubernetes.io/description': '<description>',
};

function levelObject(object: Json, names: KnownNames, inList: boolean): Json {
  const out: Record<string, unknown> = {};
  const generate = object['generateName'];
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    // Words differ, presence does not matter to clients; a property called description is a schema,
    // not a text.
    if (dropped.has(key) && (key !== 'description' || typeof value === 'string')) continue;
    if (inList && (key === 'apiVersion' || key === 'kind')) continue;
    // kcp writes an empty one for custom resources only.
    if (key === 'continue' && value === '') continue;
    const name = levelText(key, names);
    const mark = marks[key];
    if (mark !== undefined && typeof value === 'string' && value !== '') out[name] = mark;
    else if (key === 'name' && typeof generate === 'string' && generate !== '') out[name] = `${generate}<generated>`;
    // Go walks its maps in no order.
    else if (key === 'causes' && Array.isArray(value)) out[name] = levelConditions(value.filter(isChecked), names);
    else if (key === 'conditions' && Array.isArray(value)) out[name] = levelConditions(value, names);
    else if (key === 'items' && Array.isArray(value))
      out[name] = value.map((item) => (isObject(item) ? levelObject(item, names, true) : levelBody(item, names)));
    else out[name] = levelBody(value, names);
  }
  return out;
}

/**
 * Whether a cause is about the object: with CEL rules in a schema kcp adds one to say that they
 * were not looked at.
 */
function isChecked(cause: unknown): boolean {
  return !isObject(cause) || cause['field'] !== '<nil>';
}

/** Sorted, conditions by their type: kcp's own order is that of writing. */
function levelConditions(conditions: readonly unknown[], names: KnownNames): unknown[] {
  const type = (condition: unknown) =>
    isObject(condition) ? String(condition['type'] ?? `${condition['field']} ${condition['message']}`) : '';
  return conditions.map((condition) => levelBody(condition, names)).sort((a, b) => (type(a) < type(b) ? -1 : 1));
}

/** A copy with marks in place of what varies, its keys sorted. */
export function levelBody(body: unknown, names: KnownNames): unknown {
  if (typeof body === 'string')
    return body.startsWith('apiVersion: ') ? levelBody(load(body), names) : levelText(body, names);
  if (Array.isArray(body)) return body.map((item) => levelBody(item, names));
  return isObject(body) ? levelObject(body, names, false) : body;
}
