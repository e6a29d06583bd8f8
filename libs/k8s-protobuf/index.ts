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
export type { Encoded } from './wire.ts';
export { boolField, countField, doubleField, messageField, messageStart, textField, textsField } from './wire.ts';
