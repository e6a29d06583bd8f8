/** What the messages of all groups are made of. */

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

export const list = (type: FieldType): FieldType => ({ list: type });
export const map = (type: FieldType): FieldType => ({ map: type });
export const of = (message: Message): FieldType => ({ message: () => message });

const ownerReference: Message = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool'],
  7: ['blockOwnerDeletion', 'bool'],
};
const managedFieldsEntry: Message = {
  1: ['manager', 'string'],
  2: ['operation', 'string'],
  3: ['apiVersion', 'string'],
  4: ['time', 'time'],
  6: ['fieldsType', 'string'],
  7: ['fieldsV1', 'json'],
  8: ['subresource', 'string'],
};
const objectMeta: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  4: ['selfLink', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'count'],
  8: ['creationTimestamp', 'time'],
  9: ['deletionTimestamp', 'time'],
  10: ['deletionGracePeriodSeconds', 'int'],
  11: ['labels', map('string')],
  12: ['annotations', map('string')],
  13: ['ownerReferences', list(of(ownerReference))],
  14: ['finalizers', list('string')],
  17: ['managedFields', list(of(managedFieldsEntry))],
};
export const metadata = ['metadata', of(objectMeta)] as const;

export const objectReference: Message = {
  1: ['kind', 'string'],
  2: ['namespace', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['fieldPath', 'string'],
};
/** Of a label selector; requirements for fields look the same. */
export const labelRequirement: Message = {
  1: ['key', 'string'],
  2: ['operator', 'string'],
  3: ['values', list('string')],
};
export const labelSelector: Message = {
  1: ['matchLabels', map('string')],
  2: ['matchExpressions', list(of(labelRequirement))],
};
