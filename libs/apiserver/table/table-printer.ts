import type { ResourceRow } from '@kcp-ts/meta';
export interface TablePrinter { readonly row: ResourceRow }
export function createTablePrinter(row: ResourceRow, _c: unknown): TablePrinter { return { row } }
