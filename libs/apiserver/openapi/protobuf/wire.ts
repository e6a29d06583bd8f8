/** Protobuf's wire format, as far as it is needed: a message is a list of fields, a field a list of bytes. */

/** The bytes of encoded fields; empty for a field that has its default value. */
export type Encoded = readonly Uint8Array[];

const none: Encoded = [];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

function tag(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

export function bytesField(field: number, bytes: Uint8Array): Encoded {
  return [Buffer.from([...tag(field, 2), ...varint(bytes.length)]), bytes];
}

/** A message, or one of a repeated field; written even where it is empty, since its presence may mean something. */
export function messageField(field: number, message: Encoded): Encoded {
  let length = 0;
  for (const part of message) length += part.length;
  return [Buffer.from([...tag(field, 2), ...varint(length)]), ...message];
}

export function textField(field: number, text: string | undefined): Encoded {
  return text === undefined || text === '' ? none : bytesField(field, Buffer.from(text));
}

export function textsField(field: number, texts: readonly string[] | undefined): Encoded {
  return (texts ?? []).flatMap((text) => bytesField(field, Buffer.from(text)));
}

export function boolField(field: number, value: boolean | undefined): Encoded {
  return value === true ? [Buffer.from([...tag(field, 0), 1])] : none;
}

/** An int64; a negative one is written in two's complement of ten bytes. */
export function intField(field: number, value: number | undefined): Encoded {
  if (value === undefined || value === 0 || !Number.isSafeInteger(value)) return none;
  if (value > 0) return [Buffer.from([...tag(field, 0), ...varint(value)])];
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return [Buffer.from([...tag(field, 0), ...bytes])];
}

export function doubleField(field: number, value: number | undefined): Encoded {
  if (value === undefined || value === 0) return none;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [Buffer.from(tag(field, 1)), bytes];
}
