/**
 * Protobuf's wire format, as far as it is needed. Encoded bytes are held as text of one character per byte until the document is complete: nested
 * messages need their length first, and texts are joined much faster than small buffers.
 */

/** Encoded fields, a character (0 to 255) for each byte; empty for a field that has its default value. */
export type Encoded = string;

function varint(value: number): Encoded {
  if (value < 0x80) return String.fromCharCode(value);
  let bytes = '';
  let rest = value;
  while (rest >= 0x80) {
    bytes += String.fromCharCode((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return bytes + String.fromCharCode(rest);
}

const varintType = 0;
const doubleType = 1;
const lengthType = 2;

function tag(field: number, wireType: number): Encoded {
  return varint(field * 8 + wireType);
}

/** A message, or one of a repeated field; written even where it is empty, since its presence may mean something. */
export function messageField(field: number, message: Encoded): Encoded {
  return messageStart(field, message.length) + message;
}

/** What stands before a message of so many bytes. */
export function messageStart(field: number, bytes: number): Encoded {
  return tag(field, lengthType) + varint(bytes);
}

/** A text as the bytes of UTF-8. */
export function utf8(text: string): Encoded {
  return Buffer.from(text).toString('latin1');
}

export function textField(field: number, text: string | undefined): Encoded {
  return text === undefined || text === '' ? '' : messageField(field, utf8(text));
}

export function textsField(field: number, texts: readonly string[] | undefined): Encoded {
  return (texts ?? []).map((text) => messageField(field, utf8(text))).join('');
}

export function boolField(field: number, value: boolean | undefined): Encoded {
  return value === true ? tag(field, varintType) + varint(1) : '';
}

/** An int64 from 0 up: what it counts (lengths, items) is never negative. */
export function countField(field: number, value: number | undefined): Encoded {
  return value === undefined || value <= 0 || !Number.isSafeInteger(value)
    ? ''
    : tag(field, varintType) + varint(value);
}

/** An int64, of either sign; written even where it is 0, since its presence may mean something. */
export function integerField(field: number, value: number | bigint): Encoded {
  if (Number.isSafeInteger(value) && value >= 0) return tag(field, varintType) + varint(Number(value));
  let bytes = '';
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes += String.fromCharCode(Number(rest & 0x7fn) | 0x80);
  return tag(field, varintType) + bytes + String.fromCharCode(Number(rest));
}

export function doubleField(field: number, value: number | undefined): Encoded {
  return value === undefined || value === 0 ? '' : presentDoubleField(field, value);
}

/** Written even where it is 0, since its presence may mean something. */
export function presentDoubleField(field: number, value: number): Encoded {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return tag(field, doubleType) + bytes.toString('latin1');
}
