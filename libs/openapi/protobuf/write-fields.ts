/**
 * Writes fields of protobuf messages. A field that has its default value, or is undefined, is left
 * out, as proto3 does it; a message is written although it is empty, since its presence may mean
 * something.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Writes the fields of a message. */
export type Fields = (writer: BinaryWriter) => void;

/** The bytes of fields. */
export function encodeFields(fields: Fields): Uint8Array {
  const writer = new BinaryWriter();
  fields(writer);
  return writer.finish();
}

/** The beginning of a message of so many bytes. */
export function messageStart(field: number, bytes: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(bytes).finish();
}

export function writeMessage(writer: BinaryWriter, field: number, fields: Fields): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  fields(writer);
  writer.join();
}

export function writeText(writer: BinaryWriter, field: number, text: string | undefined): void {
  if (text !== undefined && text !== '') writer.tag(field, WireType.LengthDelimited).string(text);
}

export function writeTexts(writer: BinaryWriter, field: number, texts: readonly string[] = []): void {
  for (const text of texts) writer.tag(field, WireType.LengthDelimited).string(text);
}

export function writeBool(writer: BinaryWriter, field: number, value: boolean | undefined): void {
  if (value === true) writer.tag(field, WireType.Varint).bool(true);
}

/** An int64 from 0 up: what it counts (lengths, items) is never negative. */
export function writeCount(writer: BinaryWriter, field: number, value: number | undefined): void {
  if (value !== undefined && value > 0 && Number.isSafeInteger(value)) writer.tag(field, WireType.Varint).int64(value);
}

export function writeDouble(writer: BinaryWriter, field: number, value: number | undefined): void {
  if (value !== undefined && value !== 0) writer.tag(field, WireType.Bit64).double(value);
}
