import type { Message } from '@kcp-ts/k8s-protobuf';
import { map, metadata } from '@kcp-ts/k8s-protobuf/builder';

export const configMap: Message = {
  1: metadata,
  2: ['data', map('string')],
  3: ['binaryData', map('bytes')],
  4: ['immutable', 'bool'],
};
