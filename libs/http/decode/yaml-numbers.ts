/**
 * How sigs.k8s.io/yaml writes numbers: integers of up to 64 bits with all their digits, other
 * numbers as Go's `strconv.FormatFloat(x, 'g', -1, 64)`.
 */
import type { ScalarTagDefinition, Schema } from 'js-yaml';
import { DUMP_SCHEMA } from 'js-yaml';

const integerName = 'tag:yaml.org,2002:int';
const floatName = 'tag:yaml.org,2002:float';
/** Below it Go reads an integer of JSON as one. */
const uint64End = 2 ** 64;
/** The exponent from which `g` writes one. */
const exponentMin = 6;

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value as number) < uint64End);
}

/** `1.5e+300`, `1e-07`: the exponent has a sign and two digits. */
function formatFloat(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < exponentMin) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function scalarTag(name: string): ScalarTagDefinition {
  const tag = DUMP_SCHEMA.tags.find(({ tagName }) => tagName === name);
  if (tag?.nodeKind !== 'scalar') throw new Error(`js-yaml has no scalar tag ${name}`);
  return tag;
}

/** What YAML is written by. */
export const numberSchema: Schema = DUMP_SCHEMA.withTags(
  { ...scalarTag(integerName), identify: isInteger, represent: (value) => String(value as number | bigint) },
  {
    ...scalarTag(floatName),
    identify: (value) => typeof value === 'number' && !isInteger(value),
    represent: (value) => formatFloat(value as number),
  },
);
