/** What the messages of all kinds are made of. */
import type { FieldType, Message } from './message.ts';

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
