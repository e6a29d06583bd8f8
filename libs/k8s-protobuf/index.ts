export type { FieldType, Message } from './common-messages.ts';
export { decodeKubernetes } from './decode-kubernetes.ts';
export type { KindedObject } from './encode-kubernetes.ts';
export {
  encodeKubernetes,
  encodeKubernetesInSlices,
  encodeListHead,
  encodeListItem,
  encodeListItemInSlices,
  encodeWatchEvent,
  hasProtobuf,
} from './encode-kubernetes.ts';
export { messages } from './messages.ts';
export type { Encoded } from './wire.ts';
export { boolField, countField, doubleField, messageField, messageStart, textField, textsField } from './wire.ts';
