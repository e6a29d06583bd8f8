import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map, metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const requestSpec: Message = {
  1: ['request', 'bytes'],
  2: ['username', 'string'],
  3: ['uid', 'string'],
  4: ['groups', list('string')],
  5: ['usages', list('string')],
  6: ['extra', map('strings')],
  7: ['signerName', 'string'],
  8: ['expirationSeconds', 'int'],
};
const requestCondition: Message = {
  1: ['type', 'string'],
  2: ['reason', 'string'],
  3: ['message', 'string'],
  4: ['lastUpdateTime', 'time'],
  5: ['lastTransitionTime', 'time'],
  6: ['status', 'string'],
};

export const certificateSigningRequest: Message = {
  1: metadata,
  2: ['spec', of(requestSpec)],
  3: ['status', of({ 1: ['conditions', list(of(requestCondition))], 2: ['certificate', 'bytes'] })],
};
