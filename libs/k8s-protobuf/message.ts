/** Protobuf messages as tables: fields by their numbers. */

export type FieldType =
  | 'string'
  /** A pointer to a string in Go: JSON has it although it is empty. */
  | 'optional-string'
  | 'bytes'
  | 'bool'
  /** A truth that JSON leaves out when it is false. */
  | 'flag'
  | 'int'
  /** A number that JSON leaves out when it is 0. */
  | 'count'
  | 'time'
  | 'micro-time'
  | 'quantity'
  /** `map<string, …>`. */
  | { readonly map: FieldType }
  | { readonly list: FieldType }
  | { readonly message: () => Message }
  /** A message whose fields JSON has in the object around it. */
  | { readonly inline: Message }
  | FormedMessage
  /** A message that holds JSON itself. */
  | 'json'
  | 'double'
  /** A message that JSON writes as the bare list of its field 1. */
  | 'strings';

/** A message that JSON writes in another form. */
export interface FormedMessage {
  readonly message: () => Message;
  /** The message's fields as what JSON has. */
  form(decoded: Readonly<Record<string, unknown>>): unknown;
  /** What JSON has as the message's fields. */
  parts(value: unknown): Readonly<Record<string, unknown>>;
}

export interface Message {
  readonly [fieldNumber: number]: readonly [name: string, type: FieldType];
}

/** By `apiVersion/kind`. */
export type Messages = Readonly<Record<string, Message>>;
