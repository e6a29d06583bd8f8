/** The one place that takes a body off the wire and decodes it. */

import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { DecodeOptions, YamlDecoder } from '@kcp-ts/http';
import { decodeJson, decodeJsonInSlices } from '@kcp-ts/http';
import type { Messages } from '@kcp-ts/k8s-protobuf';
import { decodeKubernetes } from '@kcp-ts/k8s-protobuf';
import { requireKind } from '@kcp-ts/registry';
import type { ApiRequest } from './api-request.ts';

export interface DecodedBody {
  readonly value: unknown;
  /** Paths of doubled keys. */
  readonly duplicates: readonly string[];
  /** As they were sent. */
  readonly bytes: Uint8Array;
  /** The value once more, for one who has changed it. */
  again(): unknown;
}

const protobuf = 'application/vnd.kubernetes.protobuf';
const objectTypes = ['application/json', 'application/yaml', protobuf];

/** The media type of a body without its parameters, in lower case. */
export function contentTypeOf(request: ApiRequest): string {
  const header = request.exchange.headers['content-type'];
  const text = typeof header === 'string' ? header : '';
  const end = text.indexOf(';');
  return (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
}

export function unsupportedMediaType(sent: string, types: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
    undefined,
    {
      cause: sent,
    },
  );
}

export interface BodyDependencies {
  readonly bodyBytesMax: number;
  readonly yaml: YamlDecoder;
  readonly protobuf: Messages;
}

function objectTypeOf(request: ApiRequest): string {
  const type = contentTypeOf(request) || 'application/json';
  if (!objectTypes.includes(type)) throw unsupportedMediaType(type, objectTypes);
  return type;
}

async function decodeBody(
  request: ApiRequest,
  { bodyBytesMax: bytesMax, yaml, protobuf: messages }: BodyDependencies,
  bytes: Uint8Array,
  options: DecodeOptions,
  slices: Slices,
): Promise<DecodedBody> {
  const type = objectTypeOf(request);
  if (type === protobuf) {
    const decode = () => decodeKubernetes(messages, bytes) ?? refuseProtobuf();
    return { value: decode(), duplicates: [], bytes, again: decode };
  }
  if (type === 'application/json') {
    const decoded = await decodeJsonInSlices(bytes, options, slices);
    return { ...decoded, bytes, again: () => decodeJson(bytes, { strict: false }).value };
  }
  return { ...(await yaml.decode(bytes, options, { user: request.user.name, bytesMax, slices })), bytes };
}

/**
 * Decodes a JSON, YAML or protobuf body; throws BadRequest, UnsupportedMediaType or
 * RequestEntityTooLarge. `strict` also looks for doubled keys; `kind` is what the endpoint takes,
 * for error texts.
 */
export async function readBody(
  request: ApiRequest,
  deps: BodyDependencies,
  strict: boolean,
  kind: string,
  slices: Slices,
): Promise<DecodedBody> {
  objectTypeOf(request);
  const bytes = await request.exchange.readBody(deps.bodyBytesMax);
  slices.restart();
  return decodeBody(request, deps, bytes, { strict, kind }, slices);
}

/** As `readBody`; undefined where there is no body, whose media type then does not matter. */
export async function readOptionalBody(
  request: ApiRequest,
  deps: BodyDependencies,
  options: DecodeOptions,
  slices: Slices,
): Promise<DecodedBody | undefined> {
  const bytes = await request.exchange.readBody(deps.bodyBytesMax);
  slices.restart();
  return bytes.length === 0 ? undefined : decodeBody(request, deps, bytes, options, slices);
}

/** Kinds without a protobuf form here: their clients fall back to JSON on this answer. */
function refuseProtobuf(): never {
  throw unsupportedMediaType(protobuf, ['application/json', 'application/yaml']);
}

/** A body that must be an object, and must say its kind where it is of a custom one. */
export function asObject({ value, bytes }: DecodedBody, definition: ResourceDefinition): KubeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw StatusError.badRequest(
      `the object provided is unrecognized (must be of type ${definition.kind}): couldn't get version/kind; json parse error`,
    );
  }
  requireKind(definition, value, bytes);
  return value as KubeObject;
}
