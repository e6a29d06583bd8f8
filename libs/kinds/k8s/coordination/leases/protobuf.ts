import type { Message } from '@kcp-ts/k8s-protobuf';
import { metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const leaseSpec: Message = {
  1: ['holderIdentity', 'optional-string'],
  2: ['leaseDurationSeconds', 'int'],
  3: ['acquireTime', 'micro-time'],
  4: ['renewTime', 'micro-time'],
  5: ['leaseTransitions', 'int'],
  6: ['strategy', 'optional-string'],
  7: ['preferredHolder', 'optional-string'],
};

export const lease: Message = { 1: metadata, 2: ['spec', of(leaseSpec)] };
