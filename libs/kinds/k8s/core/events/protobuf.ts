import type { Message } from '@kcp-ts/k8s-protobuf';
import { metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { objectReference } from '../../common/messages.ts';

export const eventSeries: Message = { 1: ['count', 'count'], 2: ['lastObservedTime', 'micro-time'] };
export const eventSource: Message = { 1: ['component', 'string'], 2: ['host', 'string'] };

export const coreEvent: Message = {
  1: metadata,
  2: ['involvedObject', of(objectReference)],
  3: ['reason', 'string'],
  4: ['message', 'string'],
  5: ['source', of(eventSource)],
  6: ['firstTimestamp', 'time'],
  7: ['lastTimestamp', 'time'],
  8: ['count', 'count'],
  9: ['type', 'string'],
  10: ['eventTime', 'micro-time'],
  11: ['series', of(eventSeries)],
  12: ['action', 'string'],
  13: ['related', of(objectReference)],
  14: ['reportingComponent', 'string'],
  15: ['reportingInstance', 'string'],
};
