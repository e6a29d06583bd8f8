/**
 * Reads from `Accept` what to answer with: the object, its metadata alone, or a Table (KEP-2896's
 * `as=` parameters), as JSON, YAML or protobuf. The store holds JSON, so only clients that accept
 * nothing else get protobuf
 * (docs/decisions/0026-protobuf-for-clients-that-accept-nothing-else.md).
 */

import type { ResourceDefinition } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { parseAccept } from '@kcp-ts/http';
import { LRUCache } from 'lru-cache';

export interface Media {
  readonly format: 'json' | 'yaml' | 'protobuf';
  readonly view: 'object' | 'metadata' | 'table';
  readonly contentType: string;
  /** What was asked for by name, where that says whether it is a list. */
  readonly as?: 'PartialObjectMetadata' | 'PartialObjectMetadataList';
}

export const protobufType = 'application/vnd.kubernetes.protobuf';
const accepted = ['application/json', 'application/yaml', protobufType];
const plain: Media = { format: 'json', view: 'object', contentType: 'application/json' };
const viewOf: Readonly<Record<string, Media['view']>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
};

function isMetadataView(as: string): as is NonNullable<Media['as']> {
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
}

/** 406 in Kubernetes' words. */
export function notAcceptable(types: readonly string[] = accepted): StatusError {
  return new StatusError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

const formats: Readonly<Record<string, Media['format']>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  [protobufType]: 'protobuf',
  '*/*': 'json',
  'application/*': 'json',
};
const contentTypes: Readonly<Record<Media['format'], string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: protobufType,
};

function mediaFor(type: string, parameters: Readonly<Record<string, string>>): Media | undefined {
  const format = Object.hasOwn(formats, type) ? formats[type] : undefined;
  if (format === undefined) return undefined;
  const base: Media = { format, view: 'object', contentType: contentTypes[format] };
  const { as } = parameters as { readonly as?: string };
  if (as === undefined) return base;
  const view = viewOf[as];
  if (
    view === undefined ||
    // A Table has no protobuf form (apimachinery: `+protobuf=false`).
    (view === 'table' && format === 'protobuf') ||
    parameters['g'] !== 'meta.k8s.io' ||
    (parameters['v'] !== 'v1' && parameters['v'] !== 'v1beta1')
  )
    return undefined;
  return isMetadataView(as) ? { ...base, view, as } : { ...base, view };
}

const goPackages: Readonly<Record<string, string>> = {
  '': 'core',
  'admissionregistration.k8s.io': 'admissionregistration',
  'apiextensions.k8s.io': 'apiextensions',
  'certificates.k8s.io': 'certificates',
  'coordination.k8s.io': 'coordination',
  'events.k8s.io': 'core',
  'rbac.authorization.k8s.io': 'rbac',
};

/**
 * Throws StatusError NotAcceptable, in Kubernetes' words, where one object's metadata is asked of a
 * list or the other way round.
 */
export function checkMetadataView({ as }: Media, list: boolean, definition: ResourceDefinition): void {
  if (as === undefined || list === (as === 'PartialObjectMetadataList')) return;
  const custom = `*unstructured.Unstructured${list ? 'List' : ''}`;
  const type =
    definition.dialect === 'custom'
      ? custom
      : `*${goPackages[definition.group] ?? definition.group}.${list ? definition.listKind : definition.kind}`;
  const what = list ? 'is a list' : 'is not a list';
  throw new StatusError('NotAcceptable', `you requested ${as}, but the requested object ${what} (${type})`);
}

/** The best media type that the client accepts; protobuf only if it accepts no other. */
function bestOf(accept: string): Media | undefined {
  let protobuf: Media | undefined;
  for (const { type, parameters } of parseAccept(accept)) {
    const found = mediaFor(type, parameters);
    if (found === undefined) continue;
    if (found.format !== 'protobuf') return found;
    protobuf ??= found;
  }
  return protobuf;
}

/**
 * Whether a client accepts protobuf and nothing else that is served. Parses the header each time:
 * for errors, reviews and discovery.
 */
export function takesProtobufAlone(accept: string | readonly string[] | undefined): boolean {
  return typeof accept === 'string' && accept.includes(protobufType) && bestOf(accept)?.format === 'protobuf';
}

export type MediaReader = (accept: string | undefined) => Media;

/** Reads Accept headers; each text is read once. Throws StatusError NotAcceptable. */
export function createMediaReader(): MediaReader {
  const known = new LRUCache<string, Media | 'none'>({ max: 1_000 });
  return (accept) => {
    if (accept === undefined || accept === 'application/json' || accept === '*/*') return plain;
    let media = known.get(accept);
    if (media === undefined) {
      media = bestOf(accept) ?? 'none';
      known.set(accept, media);
    }
    if (media === 'none') throw notAcceptable();
    return media;
  };
}
