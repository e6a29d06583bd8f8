import type { Message } from '@kcp-ts/k8s-protobuf';
import { metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { objectReference } from '../../common/messages.ts';
import { eventSeries, eventSource } from '../../core/events/protobuf.ts';

export const event: Message = {
  1: metadata,
  2: ['eventTime', 'micro-time'],
  3: ['series', of(eventSeries)],
  4: ['reportingController', 'string'],
  5: ['reportingInstance', 'string'],
  6: ['action', 'string'],
  7: ['reason', 'string'],
  8: ['regarding', of(objectReference)],
  9: ['related', of(objectReference)],
  10: ['note', 'string'],
  11: ['type', 'string'],
  12: ['deprecatedSource', of(eventSource)],
  13: ['deprecatedFirstTimestamp', 'time'],
  14: ['deprecatedLastTimestamp', 'time'],
  15: ['deprecatedCount', 'count'],
};
