/**
 * One object in the form that was asked for; Tables and lists of them are put together from these.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { IncludeObject, TablePrinter } from '@kcp-ts/printers';
import { createTablePrinter, encodeTable } from '@kcp-ts/printers';
import type { ServedResource } from '@kcp-ts/registry';
import { servedJson, servedObject } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import type { Query } from '../query.ts';
import type { Media } from './media.ts';

const printers = new WeakMap<ServedResource, TablePrinter>();

/** The printer of a resource, compiled on first use. */
export function printerOf(served: ServedResource): TablePrinter {
  let printer = printers.get(served);
  if (printer === undefined) {
    printer = createTablePrinter(served.definition, compileJsonPath);
    printers.set(served, printer);
  }
  return printer;
}

export function includeObjectOf(query: Query): IncludeObject {
  const text = query.get('includeObject');
  return text === 'None' || text === 'Object' ? text : 'Metadata';
}

/** A PartialObjectMetadata of an object. */
export function partialMetadata(object: KubeObject): {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: KubeObject['metadata'];
} {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** One stored value as the whole body of an answer. */
export function encodeObject(
  served: ServedResource,
  value: Uint8Array,
  media: Media,
  query: Query,
  now: number,
): Uint8Array | string {
  switch (media.view) {
    case 'object':
      return servedJson(served, value);
    case 'metadata':
      return JSON.stringify(partialMetadata(servedObject(served, value)));
    case 'table': {
      const object = servedObject(served, value);
      return encodeTable(
        printerOf(served),
        [object],
        { includeObject: includeObjectOf(query), resourceVersion: object.metadata.resourceVersion ?? '' },
        now,
      );
    }
  }
}
