export type { IncludeObject } from './encode-table.ts';
export { encodeTable, tableHead, tableRow } from './encode-table.ts';
export type { TablePrinter } from './table-printer.ts';
export { createTablePrinter } from './table-printer.ts';
