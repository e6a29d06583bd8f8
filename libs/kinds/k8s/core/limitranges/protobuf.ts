import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map, metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const limit: Message = {
  1: ['type', 'string'],
  2: ['max', map('quantity')],
  3: ['min', map('quantity')],
  4: ['default', map('quantity')],
  5: ['defaultRequest', map('quantity')],
  6: ['maxLimitRequestRatio', map('quantity')],
};

export const limitRange: Message = { 1: metadata, 2: ['spec', of({ 1: ['limits', list(of(limit))] })] };
