/**
 * Columns that many built-in kinds share. Lists of built-in definitions are complete: they say
 * where Name stands.
 */
import type { PrinterColumn } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/printers';
import { durationSince, fieldsOf } from '@kcp-ts/printers';

function creationOf(object: Fields): unknown {
  return fieldsOf(object['metadata'])['creationTimestamp'];
}

export const nameColumn: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name, unique in the namespace (or the workspace) for this kind.',
  jsonPath: '.metadata.name',
};

/** Time since creation, in kubectl's words (`5m`). */
export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  cell: (object, now) => durationSince(creationOf(object), now),
};

/** The moment of creation as RFC 3339; clients turn it into an age. */
export const createdAtColumn: PrinterColumn = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  cell: (object) => creationOf(object) ?? null,
};
