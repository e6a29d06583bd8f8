import type { PrinterColumn } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/printers';
import { fieldsOf, textOf } from '@kcp-ts/printers';
import { ageColumn, nameColumn } from '../../common/columns.ts';

/** `name: used/hard` for each resource that is wanted, sorted, joined by `, `. */
function quotas(wanted: (resource: string) => boolean): (object: Fields) => string {
  return (object) => {
    const status = fieldsOf(object['status']);
    const hard = fieldsOf(status['hard']);
    const used = fieldsOf(status['used']);
    const resources = Object.keys(hard).filter(wanted).sort();
    return resources.map((name) => `${name}: ${textOf(used[name]) || '0'}/${textOf(hard[name])}`).join(', ');
  };
}

function isLimit(resource: string): boolean {
  return resource.startsWith('limits.');
}

export const quotaColumns: readonly PrinterColumn[] = [
  nameColumn,
  {
    name: 'Request',
    type: 'string',
    description: 'Used and allowed, but for limits.',
    cell: quotas((resource) => !isLimit(resource)),
  },
  { name: 'Limit', type: 'string', description: 'Used and allowed, of limits.', cell: quotas(isLimit) },
  ageColumn,
];
