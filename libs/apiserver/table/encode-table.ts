import type { KubeObject } from '@kcp-ts/meta';
import type { TablePrinter } from './table-printer.ts';
export type IncludeObject = 'None' | 'Metadata' | 'Object';
export function encodeTable(_p: TablePrinter, _o: readonly KubeObject[], _opt: object, _now: number): string { return '{}' }
