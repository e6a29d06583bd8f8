import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const condition: Message = {
  1: ['type', 'string'],
  2: ['status', 'string'],
  4: ['lastTransitionTime', 'time'],
  5: ['reason', 'string'],
  6: ['message', 'string'],
};

export const namespace: Message = {
  1: metadata,
  2: ['spec', of({ 1: ['finalizers', list('string')] })],
  3: ['status', of({ 1: ['phase', 'string'], 2: ['conditions', list(of(condition))] })],
};
