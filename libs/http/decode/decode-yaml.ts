import { StatusError } from '@kcp-ts/api';
import { load, YAMLException } from 'js-yaml';
import { decodeJson } from './decode-json.ts';
import type { Decoded, DecodeOptions } from './decode-options.ts';
import { depthMax, duplicatesMax, prototypeKeyText } from './decode-options.ts';
import { malformed } from './malformed.ts';
import type { DoubledKey } from './yaml-schema.ts';
import { createKubernetesYamlSchema } from './yaml-schema.ts';

/** What aliases may make of a body: so many nodes and characters. */
const expandedNodesMax = 400_000;
const expandedCharactersMax = 8 * 1024 * 1024;

/** go-yaml's words for the reasons that people meet; the others keep the parser's own. */
const goWords: readonly (readonly [string, string])[] = [
  ['unexpected end of the stream within a flow collection', 'did not find expected node content'],
  ['unexpected end of the stream within a double quoted scalar', 'found unexpected end of stream'],
  ['unexpected end of the stream within a single quoted scalar', 'found unexpected end of stream'],
  ['bad indentation of a mapping entry', 'mapping values are not allowed in this context'],
  ['end of the stream or a document separator is expected', "could not find expected ':'"],
];

function reasonOf(error: unknown): string {
  if (!(error instanceof YAMLException)) return error instanceof Error ? error.message : 'invalid YAML';
  const reason = goWords.find(([ours]) => error.reason === ours)?.[1] ?? error.reason;
  return error.mark === undefined ? `yaml: ${reason}` : `yaml: line ${error.mark.line + 1}: ${reason}`;
}

/**
 * A copy in which nothing is shared, so that a change in one place is not one in another; what
 * aliases could blow up is refused on the way.
 */
function expand(root: unknown): unknown {
  let nodes = 0;
  let characters = 0;
  const copy = (value: unknown, depth: number): unknown => {
    nodes++;
    if (typeof value === 'string') characters += value.length;
    if (nodes > expandedNodesMax || characters > expandedCharactersMax)
      throw new Error('yaml: document contains excessive aliasing');
    if (typeof value !== 'object' || value === null) return value;
    if (depth > depthMax) throw new Error('yaml: anchor value contains itself');
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) result[key] = copy(item, depth + 1);
    return result;
  };
  return copy(root, 0);
}

function pathsOf(root: unknown, doubled: readonly DoubledKey[]): string[] {
  if (doubled.length === 0) return [];
  const keys = new Map<object, Set<string>>();
  for (const { mapping, key } of doubled) keys.set(mapping, (keys.get(mapping) ?? new Set()).add(key));
  const paths = new Set<string>();
  const visited = new Set<object>();
  const visit = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null || visited.has(value)) return;
    visited.add(value);
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`);
      return;
    }
    const at = (key: string) => (path === '' ? key : `${path}.${key}`);
    for (const key of keys.get(value) ?? []) paths.add(at(key));
    for (const [key, item] of Object.entries(value)) visit(item, at(key));
  };
  visit(root, '');
  return [...paths].slice(0, duplicatesMax);
}

/**
 * The parser takes some microseconds for each line, and for each part of a flow collection. The
 * largest definitions there are have 16,000 lines; nothing that people write has so many.
 */
const partsMax = 200_000;

/**
 * How many lines and parts of flow collections a body has; counted until they are more than `max`.
 */
export function yamlParts(body: Uint8Array, max: number): number {
  let parts = 0;
  for (let at = 0; at < body.length && parts <= max; at++) {
    const byte = body[at];
    if (byte === 0x0a || byte === 0x2c || byte === 0x5b || byte === 0x7b) parts++;
  }
  return parts;
}

function isJson(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Parses a YAML body of one document as sigs.k8s.io/yaml does; an empty one is null. Throws
 * BadRequest. A body that is JSON is read as such.
 */
export function decodeYaml(body: Uint8Array, options: DecodeOptions): Decoded {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (isJson(text)) return decodeJson(body, options);
  if (body.length > partsMax && yamlParts(body, partsMax) > partsMax)
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity is too large: a body of YAML has at most ${partsMax} lines and values; send JSON`,
    );
  const doubled: DoubledKey[] = [];
  const onDoubled = options.strict ? (key: DoubledKey) => doubled.push(key) : () => {};
  try {
    if (text.trim() === '') return { value: null, duplicates: [] };
    const value = load(text, { schema: createKubernetesYamlSchema(onDoubled), json: true, maxDepth: depthMax });
    const duplicates = pathsOf(value, doubled);
    return { value: text.includes('*') ? expand(value) : value, duplicates };
  } catch (error) {
    if (error instanceof YAMLException && error.reason === prototypeKeyText)
      throw StatusError.badRequest(prototypeKeyText);
    throw malformed(reasonOf(error), body, options);
  }
}
