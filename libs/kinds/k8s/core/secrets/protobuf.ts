import type { Message } from '@kcp-ts/k8s-protobuf';
import { map, metadata } from '@kcp-ts/k8s-protobuf/builder';

export const secret: Message = {
  1: metadata,
  2: ['data', map('bytes')],
  3: ['type', 'string'],
  4: ['stringData', map('string')],
  5: ['immutable', 'bool'],
};
