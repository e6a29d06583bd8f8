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
export type { FieldType, FormedMessage, Message, Messages } from './message.ts';
export { metaMessages } from './meta-messages.ts';
