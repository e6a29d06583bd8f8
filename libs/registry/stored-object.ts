/**
 * Between objects and what the store keeps: the one place that stringifies an object for storage
 * and normalises one that is read.
 */
import type { KubeObject, Revision } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import {
  encodeStored,
  flagDeleting,
  flagFinalizers,
  hasFingerprint,
  parseStored,
  parseStoredMetadata,
  storedJson,
  storedMetadataJson,
} from '@kcp-ts/storage';
import type { ServedResource } from './served-resource.ts';

function flagsOf(object: KubeObject): number {
  const { finalizers, deletionTimestamp } = object.metadata;
  return (
    (finalizers !== undefined && finalizers.length > 0 ? flagFinalizers : 0) |
    (deletionTimestamp === undefined ? 0 : flagDeleting)
  );
}

/**
 * Kubernetes' own kinds are written with what they are first, as Go writes them: lists cut it off.
 */
function inOrder(storage: ServedResource, object: KubeObject): KubeObject {
  if (storage.definition.dialect === 'custom') return object;
  const { kind, apiVersion, metadata, ...rest } = object;
  return { kind, apiVersion, metadata, ...rest };
}

/**
 * The value of an object in its storage version, with the resourceVersion that belongs to
 * `revision`.
 */
export function storedObject(
  storage: ServedResource,
  object: KubeObject,
  revision: Revision,
  shardNumber: number,
): Uint8Array {
  object.metadata.resourceVersion = formatResourceVersion(revision, shardNumber);
  return encodeStored(storage.fingerprint, flagsOf(object), JSON.stringify(inOrder(storage, object)));
}

/** What a dry run answers with: the object without the resourceVersion that it never got. */
export function dryRunObject(storage: ServedResource, object: KubeObject): Uint8Array {
  if (object.metadata.resourceVersion === '') delete object.metadata.resourceVersion;
  return encodeStored(storage.fingerprint, flagsOf(object), JSON.stringify(object));
}

/**
 * An object as stored, brought up to the storage version's current schema (pruned and defaulted)
 * where it was stored under another one.
 */
export function currentObject(storage: ServedResource, value: Uint8Array): KubeObject {
  const object = parseStored<KubeObject>(value);
  if (!hasFingerprint(value, storage.fingerprint)) {
    object.apiVersion = storage.apiVersion;
    storage.schema.prune(object);
    storage.schema.applyDefaults(object);
  }
  return object;
}

/** An object in the served version. */
export function servedObject(served: ServedResource, value: Uint8Array): KubeObject {
  const object = currentObject(served.storage, value);
  return served.conversion === undefined ? object : convertToServed(served, object);
}

export function convertToServed(served: ServedResource, stored: KubeObject): KubeObject {
  if (served.conversion === undefined) return stored;
  const object = served.conversion.fromStorage(stored);
  if (served.definition.dialect === 'custom') served.schema.prune(object);
  served.schema.applyDefaults(object);
  return object;
}

/**
 * An object of which only the metadata is there: what selectors and object filters look at, without
 * parsing the rest.
 */
export function metadataObject(served: ServedResource, value: Uint8Array): KubeObject {
  return { apiVersion: served.apiVersion, kind: served.definition.kind, metadata: parseStoredMetadata(value) };
}

/**
 * The JSON of the served metadata: the stored bytes themselves wherever no conversion looks into
 * them.
 */
export function servedMetadataJson(served: ServedResource, value: Uint8Array): Uint8Array {
  const json = served.conversion === undefined ? storedMetadataJson(value) : undefined;
  return json ?? Buffer.from(JSON.stringify(servedObject(served, value).metadata));
}

const listedHeads = new WeakMap<ServedResource, Buffer>();

function listedHeadOf(served: ServedResource): Buffer {
  let head = listedHeads.get(served);
  if (head === undefined) {
    head = Buffer.from(
      `{"kind":${JSON.stringify(served.definition.kind)},"apiVersion":${JSON.stringify(served.apiVersion)},`,
    );
    listedHeads.set(served, head);
  }
  return head;
}

/**
 * The served JSON of an item of a list: Kubernetes' own kinds leave what they are to the list. Of
 * the stored bytes without their head the first is not the brace that an object begins with: who
 * joins items writes it.
 */
export function listedJson(served: ServedResource, value: Uint8Array): Uint8Array {
  const json = servedJson(served, value);
  if (served.definition.dialect === 'custom') return json;
  const head = listedHeadOf(served);
  if (head.compare(json, 0, head.length) === 0) return json.subarray(head.length - 1);
  const { kind: _kind, apiVersion: _version, ...item } = servedObject(served, value);
  return Buffer.from(JSON.stringify(item));
}

/** The served JSON: the stored bytes themselves wherever that is possible. */
export function servedJson(served: ServedResource, value: Uint8Array): Uint8Array {
  if (served.conversion === undefined && hasFingerprint(value, served.fingerprint)) return storedJson(value);
  return Buffer.from(JSON.stringify(servedObject(served, value)));
}
