import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map } from '@kcp-ts/k8s-protobuf/builder';

export const userInfo: Message = {
  1: ['username', 'string'],
  2: ['uid', 'string'],
  3: ['groups', list('string')],
  4: ['extra', map('strings')],
};
