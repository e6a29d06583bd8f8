import type { PrinterColumn } from '@kcp-ts/api';
import { listOf } from '@kcp-ts/printers';
import { ageColumn, nameColumn } from '../common/columns.ts';

/** The table of webhook configurations. */
export const webhookColumns: readonly PrinterColumn[] = [
  nameColumn,
  {
    name: 'Webhooks',
    type: 'integer',
    description: 'Number of webhooks.',
    cell: (object) => listOf(object['webhooks']).length,
  },
  ageColumn,
];
