const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
/** All but letters, marks, numbers, punctuation, symbols and the space. */
const escaped = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

function escapeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hexadecimal = (digits: number) => point.toString(16).padStart(digits, '0');
  if (point < 0x20 || point === 0x7f) return `\\x${hexadecimal(2)}`;
  return point < 0x10000 ? `\\u${hexadecimal(4)}` : `\\U${hexadecimal(8)}`;
}

/** A text in quotes as Go's strconv.Quote writes it, which Kubernetes' messages have. */
export function quoteText(text: string): string {
  const inner = text.toWellFormed().replace(escaped, (character) => named[character] ?? escapeCharacter(character));
  return `"${inner}"`;
}
