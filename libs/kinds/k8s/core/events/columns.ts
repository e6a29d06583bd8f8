import type { PrinterColumn } from '@kcp-ts/api';
import { nameColumn } from '../../common/columns.ts';
import { eventCount, eventFirstSeen, eventLastSeen, eventObject, eventSource } from './cells.ts';

/** The table of events, which core and events.k8s.io show alike under different field names. */
export function eventColumns(object: 'involvedObject' | 'regarding', message: 'message' | 'note'): PrinterColumn[] {
  return [
    { name: 'Last Seen', type: 'string', description: 'Time since it was last recorded.', cell: eventLastSeen },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', jsonPath: '.type' },
    { name: 'Reason', type: 'string', description: 'Why it happened, one word in CamelCase.', jsonPath: '.reason' },
    { name: 'Object', type: 'string', description: 'The object that the event is about.', cell: eventObject },
    {
      name: 'Subobject',
      type: 'string',
      description: 'The part of the object that the event is about.',
      priority: 1,
      jsonPath: `.${object}.fieldPath`,
    },
    { name: 'Source', type: 'string', description: 'Who reports.', priority: 1, cell: eventSource },
    { name: 'Message', type: 'string', description: 'Description for people.', jsonPath: `.${message}` },
    {
      name: 'First Seen',
      type: 'string',
      description: 'Time since it was first recorded.',
      priority: 1,
      cell: eventFirstSeen,
    },
    { name: 'Count', type: 'string', description: 'How often it happened.', priority: 1, cell: eventCount },
    { ...nameColumn, priority: 1 },
  ];
}
