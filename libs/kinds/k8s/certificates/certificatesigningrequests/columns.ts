import type { PrinterColumn } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/printers';
import { fieldsOf, humanDuration, listOf, textOf } from '@kcp-ts/printers';
import { ageColumn, nameColumn } from '../../common/columns.ts';

/** Approved, Denied or Pending, then `,Failed` and `,Issued` as far as they hold. */
function conditionOf(object: Fields): string {
  const status = fieldsOf(object['status']);
  const types = new Set(listOf(status['conditions']).map((condition) => condition['type']));
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  const issued = textOf(status['certificate']) !== '';
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${issued ? ',Issued' : ''}`;
}

function requestedDurationOf(object: Fields): string {
  const seconds = fieldsOf(object['spec'])['expirationSeconds'];
  return typeof seconds === 'number' ? humanDuration(seconds * 1_000) : '<none>';
}

export const requestColumns: readonly PrinterColumn[] = [
  nameColumn,
  ageColumn,
  { name: 'SignerName', type: 'string', description: 'Who should sign.', jsonPath: '.spec.signerName' },
  { name: 'Requestor', type: 'string', description: 'Who asked.', jsonPath: '.spec.username' },
  {
    name: 'RequestedDuration',
    type: 'string',
    description: 'How long the certificate should be good for.',
    cell: requestedDurationOf,
  },
  { name: 'Condition', type: 'string', description: 'What became of the request.', cell: conditionOf },
];
