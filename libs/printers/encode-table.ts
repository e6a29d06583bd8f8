import type { KubeObject } from '@kcp-ts/api';
import type { TablePrinter } from './table-printer.ts';

/** What of each object a row carries beside its cells: the query parameter `includeObject`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly includeObject: IncludeObject;
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
  /** `omit` in all events of a watch but the first; `send` when not given. */
  readonly columns?: 'send' | 'omit' | undefined;
}

function included(object: KubeObject, include: IncludeObject): unknown {
  switch (include) {
    case 'None':
      return null;
    case 'Metadata':
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
    case 'Object':
      return object;
  }
}

function metadataOf(options: Omit<TableOptions, 'includeObject'>): object {
  const { resourceVersion, remainingItemCount } = options;
  return {
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(options.continue === undefined ? {} : { continue: options.continue }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** A Table up to its rows, which end with `]}`. */
export function tableHead(printer: TablePrinter, options: Omit<TableOptions, 'includeObject'>): string {
  const columns = options.columns === 'omit' ? 'null' : printer.columnDefinitionsJson;
  const metadata = JSON.stringify(metadataOf(options));
  return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${metadata},"columnDefinitions":${columns},"rows":[`;
}

/** One row of a Table as JSON; ages are those at `now`, in milliseconds. */
export function tableRow(printer: TablePrinter, object: KubeObject, include: IncludeObject, now: number): string {
  return JSON.stringify({ cells: printer.cells(object, now), object: included(object, include) });
}

/**
 * A `meta.k8s.io/v1` Table of these objects as JSON bytes; ages are those at `now`, in
 * milliseconds.
 */
export function encodeTable(
  printer: TablePrinter,
  objects: KubeObject | readonly KubeObject[],
  options: TableOptions,
  now: number,
): Uint8Array {
  const list: readonly KubeObject[] = Array.isArray(objects) ? objects : [objects as KubeObject];
  const rows = list.map((object) => tableRow(printer, object, options.includeObject, now));
  return Buffer.from(`${tableHead(printer, options)}${rows.join(',')}]}`);
}
