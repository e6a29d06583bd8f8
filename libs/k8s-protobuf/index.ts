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
