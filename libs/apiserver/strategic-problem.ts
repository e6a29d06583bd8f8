/**
 * Strategic merge patches are applied to Go values and not to JSON, so what cannot be decoded of
 * their result has other error texts: those of runtime.DefaultUnstructuredConverter, beside the
 * patch as Go prints it.
 */

/** A JSON value as Go's `%+v` prints it. */
export function formatGo(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(formatGo).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([key, member]) => `${key}:${formatGo(member)}`).join(' ')}]`;
}

const kinds: Readonly<Record<string, string>> = { array: 'slice', object: 'map' };
const numbers = new Set(['int32', 'int64', 'float64']);
const mismatch = /^json: cannot unmarshal (\w+)( \S+)? into Go (?:struct field \S+|value) of type (.+)$/;

/** The converter's words for a value of a wrong type; any other problem as it is. */
export function converterProblem(problem: string): string {
  const [, sent, amount = '', type = ''] = mismatch.exec(problem) ?? [];
  if (sent === undefined) return problem;
  const kind = sent === 'number' ? (amount.includes('.') ? 'float64' : 'int64') : (kinds[sent] ?? sent);
  if (type.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (type.includes('.')) return `cannot restore struct from: ${kind}`;
  const convertible = sent === 'number' && (type === 'string' || numbers.has(type));
  return convertible ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${type}`;
}
