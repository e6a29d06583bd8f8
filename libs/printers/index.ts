export type { IncludeObject } from './encode-table.ts';
export { encodeTable, tableHead, tableRow } from './encode-table.ts';
export type { Fields } from './fields.ts';
export { fieldsOf, listOf, textOf } from './fields.ts';
export { durationSince, humanDuration } from './human-duration.ts';
export type { TablePrinter } from './table-printer.ts';
export { createTablePrinter } from './table-printer.ts';
