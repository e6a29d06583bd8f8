/**
 * Scalars and mappings as sigs.k8s.io/yaml reads them: YAML 1.1 booleans (`yes`, `on`, `y`), octal
 * `0777`, no sexagesimal numbers, timestamps stay strings, and every key becomes a JSON string.
 */
import { jsonInteger } from '@kcp-ts/base';
import { defineMappingTag, defineScalarTag, FAILSAFE_SCHEMA, mergeTag, NOT_RESOLVED, Schema } from 'js-yaml';
import { prototypeKey, prototypeKeyText } from './decode-options.ts';

const truths = ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'];
const lies = ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'];
const booleans = new Map<string, boolean>([
  ...truths.map((word) => [word, true] as const),
  ...lies.map((word) => [word, false] as const),
]);
const nulls = new Set(['', '~', 'null', 'Null', 'NULL']);
const digits = '+-0123456789'.split('');
const integerForms: readonly (readonly [pattern: RegExp, prefix: string, prefixLength: number])[] = [
  [/^[-+]?0[xX][0-9a-fA-F]+$/, '0x', 2],
  [/^[-+]?0[oO][0-7]+$/, '0o', 2],
  [/^[-+]?0[bB][01]+$/, '0b', 2],
  [/^[-+]?0[0-7]+$/, '0o', 1],
  [/^[-+]?(?:0|[1-9][0-9]*)$/, '', 0],
];
/** No integer is of 64 bits that has more digits, be they binary. */
const digitsMax = 64;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const notFinite = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

function integerOf(source: string): number | bigint | undefined {
  for (const [pattern, prefix, prefixLength] of integerForms) {
    if (!pattern.test(source)) continue;
    const negative = source.startsWith('-');
    const unsigned = negative || source.startsWith('+') ? source.slice(1) : source;
    const digitsOnly = unsigned.slice(prefixLength).replace(/^0+(?=.)/, '');
    // Decimal ones of any size are numbers to Go, others are texts.
    if (digitsOnly.length > digitsMax) return prefix === '' ? finite(Number(source)) : undefined;
    const value = BigInt(prefix + digitsOnly);
    return jsonInteger(negative ? -value : value);
  }
  return undefined;
}

/** Go reads a number that is larger than any as text. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

const never = () => false;
const nullTag = defineScalarTag<null>('tag:yaml.org,2002:null', {
  implicit: true,
  implicitFirstChars: ['', '~', 'n', 'N'],
  resolve: (source) => (nulls.has(source) ? null : NOT_RESOLVED),
  identify: never,
});
const booleanTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: 'yYtToOnNfF'.split(''),
  resolve: (source) => booleans.get(source) ?? NOT_RESOLVED,
  identify: never,
});
const integerTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: digits,
  resolve: (source) => integerOf(source.replaceAll('_', '')) ?? NOT_RESOLVED,
  identify: never,
});
const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: [...digits, '.'],
  resolve: (source) => {
    if (notFinite.test(source))
      throw new RangeError(`json: unsupported value: ${source.toLowerCase().includes('nan') ? 'NaN' : 'Inf'}`);
    const plain = source.replaceAll('_', '');
    return float.test(plain) ? (finite(Number(plain)) ?? NOT_RESOLVED) : NOT_RESOLVED;
  },
  identify: never,
});
const timestampTag = defineScalarTag<string>('tag:yaml.org,2002:timestamp', {
  resolve: (source) => source,
  identify: never,
});
const binaryTag = defineScalarTag<string>('tag:yaml.org,2002:binary', {
  resolve: (source) => Buffer.from(source, 'base64').toString('utf8'),
  identify: never,
});

type Mapping = Record<string, unknown>;

/** A key that was doubled, and the mapping it is in. */
export interface DoubledKey {
  readonly mapping: object;
  readonly key: string;
}

function keyText(key: unknown): string | undefined {
  if (typeof key === 'string') return key;
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : undefined;
}

/**
 * A schema for one document; `onDoubled` is called with every key that a mapping says twice. The
 * last one wins, as in Go.
 */
export function createKubernetesYamlSchema(onDoubled: (doubled: DoubledKey) => void): Schema {
  /**
   * Keys that came by `<<`; saying them oneself is no doubling. js-yaml asks `has` for merged keys
   * only, given `json: true`.
   */
  const merged = new Map<object, Set<string>>();
  const mapTag = defineMappingTag<Mapping>('tag:yaml.org,2002:map', {
    create: () => ({}),
    has(mapping, key) {
      const text = keyText(key) ?? '';
      if (Object.hasOwn(mapping, text)) return true;
      const known = merged.get(mapping);
      if (known === undefined) merged.set(mapping, new Set([text]));
      else known.add(text);
      return false;
    },
    addPair(mapping, key, value) {
      const text = keyText(key);
      if (text === undefined) return 'unsupported map key';
      if (text === prototypeKey) return prototypeKeyText;
      if (Object.hasOwn(mapping, text) && merged.get(mapping)?.delete(text) !== true) onDoubled({ mapping, key: text });
      mapping[text] = value;
      return '';
    },
    keys: (mapping) => Object.keys(mapping),
    get: (mapping, key) => mapping[keyText(key) ?? ''],
    identify: never,
  });
  const base = FAILSAFE_SCHEMA.tags.filter(({ tagName }) => tagName !== mapTag.tagName);
  return new Schema([...base, mapTag, mergeTag, nullTag, booleanTag, integerTag, floatTag, timestampTag, binaryTag]);
}
