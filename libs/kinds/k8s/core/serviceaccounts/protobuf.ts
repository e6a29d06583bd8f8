import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { objectReference } from '../../common/messages.ts';

export const serviceAccount: Message = {
  1: metadata,
  2: ['secrets', list(of(objectReference))],
  3: ['imagePullSecrets', list(of({ 1: ['name', 'string'] }))],
  4: ['automountServiceAccountToken', 'bool'],
};

const boundReference: Message = {
  1: ['kind', 'string'],
  2: ['apiVersion', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
};
const tokenRequestSpec: Message = {
  1: ['audiences', list('string')],
  3: ['boundObjectRef', of(boundReference)],
  4: ['expirationSeconds', 'int'],
};

export const tokenRequest: Message = {
  1: metadata,
  2: ['spec', of(tokenRequestSpec)],
  3: ['status', of({ 1: ['token', 'string'], 2: ['expirationTimestamp', 'time'] })],
};
