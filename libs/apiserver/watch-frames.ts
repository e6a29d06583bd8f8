/**
 * From a change to the bytes that a watcher gets. A frame is encoded once per media type and
 * resource and then shared by all watchers (it is cached on the change); only a filter that tells
 * watchers apart, or an old value to look at, costs more.
 */

import type { KubeObject, Revision, StatusError } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import { parseJson } from '@kcp-ts/base';
import type { KindedObject, Messages } from '@kcp-ts/k8s-protobuf';
import { encodeWatchEvent } from '@kcp-ts/k8s-protobuf';
import type { IncludeObject } from '@kcp-ts/printers';
import { encodeTable } from '@kcp-ts/printers';
import type { ServedResource } from '@kcp-ts/registry';
import { convertToServed, currentObject, metadataObject, servedJson } from '@kcp-ts/registry';
import type { Change } from '@kcp-ts/watch';
import { partialMetadata, printerOf } from './encode/views.ts';
import type { SelectorFilter } from './selector-filter.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface FrameOptions {
  readonly served: ServedResource;
  readonly view: 'object' | 'metadata' | 'table';
  readonly format: 'json' | 'protobuf';
  readonly protobuf: Messages;
  readonly includeObject: IncludeObject;
  readonly shardNumber: number;
  now(): number;
}

export interface FrameEncoder {
  /**
   * The frame of a change, or undefined where the watcher's filter says that it does not see it.
   */
  frame(change: Change, filter: SelectorFilter | undefined): Uint8Array | undefined;
  /** An object that was there before the watch began. */
  initial(value: Uint8Array): Uint8Array;
  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array;
  /** What ends a watch. */
  error(error: StatusError): Uint8Array;
  /** What a bookmark is called. */
  readonly kind: { readonly kind: string; readonly apiVersion: string };
}

const newline = Buffer.from('}\n');

type Framing = (type: EventType | 'BOOKMARK' | 'ERROR', json: Uint8Array) => Uint8Array;

function framingOf({ format, protobuf }: FrameOptions): Framing {
  switch (format) {
    case 'json':
      return (type, json) => Buffer.concat([Buffer.from(`{"type":"${type}","object":`), json, newline]);
    case 'protobuf':
      return (type, json) =>
        encodeWatchEvent(protobuf, type, parseJson(Buffer.from(json).toString('utf8')) as KindedObject);
  }
}

/** A deleted object is shown with the revision of its deletion. */
function withRevision(object: KubeObject, change: Change, shardNumber: number): KubeObject {
  object.metadata.resourceVersion = formatResourceVersion(change.event.revision, shardNumber);
  return object;
}

interface Seen {
  readonly type: EventType;
  /** Which value is shown: a deletion, or an object that left the selection, shows the old one. */
  readonly old: boolean;
}

function parsed(
  change: Change,
  served: ServedResource,
  which: 'new' | 'old',
  metadataOnly: boolean,
): KubeObject | undefined {
  const key = `${metadataOnly ? 'metadata' : 'parsed'} ${which} ${served.fingerprint}`;
  const cached = change.frames.get(key);
  if (cached !== undefined) return cached as KubeObject;
  const value = which === 'new' ? change.event.value : change.event.previous?.value;
  if (value === undefined) return undefined;
  const object = metadataOnly
    ? metadataObject(served, value)
    : convertToServed(served, currentObject(served.storage, value));
  change.frames.set(key, object);
  return object;
}

/**
 * What a filtered watcher sees of a change: entering the selection is ADDED, leaving it DELETED
 * with the old object.
 */
function seen(change: Change, served: ServedResource, filter: SelectorFilter | undefined): Seen | undefined {
  const { type, previous } = change.event;
  if (filter === undefined) {
    if (type === 'delete') return { type: 'DELETED', old: false };
    return { type: previous === undefined ? 'ADDED' : 'MODIFIED', old: false };
  }
  const after = type === 'put' && matches(change, served, 'new', filter);
  const before = matches(change, served, type === 'delete' ? 'new' : 'old', filter);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', old: false };
  return before ? { type: 'DELETED', old: type === 'put' } : undefined;
}

function matches(change: Change, served: ServedResource, which: 'new' | 'old', filter: SelectorFilter): boolean {
  const object = parsed(change, served, which, filter.metadataOnly);
  return object !== undefined && filter.matches(object);
}

export function createFrameEncoder(options: FrameOptions): FrameEncoder {
  const { served, view, format, shardNumber } = options;
  const frameOf = framingOf(options);
  const kind =
    view === 'object'
      ? { kind: served.definition.kind, apiVersion: served.apiVersion }
      : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
  let columnsSent = false;

  function shown(object: KubeObject): Uint8Array | string {
    if (view === 'metadata') return JSON.stringify(partialMetadata(object));
    if (view === 'object') return JSON.stringify(object);
    const columns = columnsSent ? 'omit' : 'send';
    columnsSent = true;
    const table = {
      includeObject: options.includeObject,
      resourceVersion: object.metadata.resourceVersion ?? '',
      columns,
    } as const;
    return encodeTable(printerOf(served), [object], table, options.now());
  }

  function bytesOf(change: Change, what: Seen): Uint8Array {
    if (what.type !== 'DELETED' && view === 'object') return servedJson(served, change.event.value);
    const value = what.old && change.event.previous !== undefined ? change.event.previous.value : change.event.value;
    const object = convertToServed(served, currentObject(served.storage, value));
    return Buffer.from(shown(what.type === 'DELETED' ? withRevision(object, change, shardNumber) : object));
  }

  return {
    kind,
    frame(change, filter) {
      const what = seen(change, served, filter);
      if (what === undefined) return undefined;
      // A Table's cells tell the age of things, and its first event carries the columns: a frame of
      // its own for each watcher.
      if (view === 'table') return frameOf(what.type, bytesOf(change, what));
      const key = `${format} ${view} ${what.type} ${what.old} ${served.fingerprint}`;
      let frame = change.frames.get(key) as Uint8Array | undefined;
      if (frame === undefined) {
        frame = frameOf(what.type, bytesOf(change, what));
        change.frames.set(key, frame);
      }
      return frame;
    },
    initial(value) {
      if (view === 'object') return frameOf('ADDED', servedJson(served, value));
      return frameOf('ADDED', Buffer.from(shown(convertToServed(served, currentObject(served.storage, value)))));
    },
    bookmark(revision, initialEventsEnd) {
      const metadata: Record<string, unknown> = { resourceVersion: formatResourceVersion(revision, shardNumber) };
      if (initialEventsEnd) metadata['annotations'] = { 'k8s.io/initial-events-end': 'true' };
      return frameOf('BOOKMARK', Buffer.from(JSON.stringify({ ...kind, metadata })));
    },
    error: (error) => frameOf('ERROR', Buffer.from(JSON.stringify(error.toStatus()))),
  };
}
