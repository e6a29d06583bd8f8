import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { userInfo } from '../protobuf.ts';

const tokenStatus: Message = {
  1: ['authenticated', 'flag'],
  2: ['user', of(userInfo)],
  3: ['error', 'string'],
  4: ['audiences', list('string')],
};

export const tokenReview: Message = {
  1: metadata,
  2: ['spec', of({ 1: ['token', 'string'], 2: ['audiences', list('string')] })],
  3: ['status', of(tokenStatus)],
};
