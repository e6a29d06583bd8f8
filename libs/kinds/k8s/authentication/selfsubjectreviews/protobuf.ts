import type { Message } from '@kcp-ts/k8s-protobuf';
import { metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { userInfo } from '../protobuf.ts';

export const selfSubjectReview: Message = { 1: metadata, 2: ['status', of({ 1: ['userInfo', of(userInfo)] })] };
