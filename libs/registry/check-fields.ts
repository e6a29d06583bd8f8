/**
 * Unknown and doubled fields of a body: an error, a warning or nothing, as `fieldValidation` says
 * (KEP-2885).
 */
import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { invalidValue, StatusError } from '@kcp-ts/api';
import type { ServedResource } from './served-resource.ts';
import type { FieldValidation, WriteRequest } from './write-request.ts';

const strictErrorsMax = 100;
/** Characters of a body that an error shows. */
const summaryMax = 30;
/** Bytes of a body that its error shows. */
const shownMax = 4 * 1024;

/** The 400 of a body that cannot be decoded as its kind. */
export function undecodable({ kind, version }: ResourceDefinition, why: string): StatusError {
  return StatusError.badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
}

/**
 * Drops what the schema does not know and warns of it. Why the object cannot be decoded, in Go's
 * words, or undefined where it can.
 */
export function fieldsProblem(
  served: ServedResource,
  object: KubeObject,
  duplicates: readonly string[],
  request: { readonly fieldValidation: FieldValidation; warn(text: string): void },
): string | undefined {
  const { schema } = served;
  // Go tells what is wrong with built-in kinds in the order of the document; of custom kinds
  // doubled fields come first.
  const order = duplicates.length > 0 && served.definition.dialect === 'builtin' ? Object.keys(object) : [];
  const decoded = schema.decode(object);
  if (decoded.error !== undefined) return decoded.error;
  const pruned = schema.prune(object);
  if (request.fieldValidation === 'Ignore') return undefined;
  const unknown = decoded.unknown.length > 0 ? [...new Set([...decoded.unknown, ...pruned])] : pruned;
  const found = [
    ...duplicates.map((path) => ({ path, text: `duplicate field ${JSON.stringify(path)}` })),
    ...unknown.map((path) => ({ path, text: `unknown field ${JSON.stringify(path)}` })),
  ];
  const placeOf = (path: string) => order.indexOf(/^[^.[]*/.exec(path)?.[0] ?? '');
  if (order.length > 0) found.sort((a, b) => placeOf(a.path) - placeOf(b.path));
  const problems = found.slice(0, strictErrorsMax).map(({ text }) => text);
  if (request.fieldValidation === 'Strict' && problems.length > 0)
    return `strict decoding error: ${problems.join(', ')}`;
  for (const problem of problems) request.warn(problem);
  return undefined;
}

/**
 * What Go takes for text: null and absence are the empty one. Throws what `refuse` makes of
 * anything else.
 */
function textOf(value: unknown, field: string, refuse: (why: string) => StatusError): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  const sent = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw refuse(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${sent} into Go struct field .${field} of type string`,
  );
}

/**
 * Custom kinds are decoded as what they say they are, so they must say it. `bytes`: what the client
 * sent.
 */
export function requireKind(
  definition: ResourceDefinition,
  object: { readonly kind?: unknown },
  bytes: Uint8Array,
): void {
  if (definition.dialect !== 'custom' || (object.kind !== undefined && object.kind !== null && object.kind !== ''))
    return;
  const sent = Buffer.from(bytes).toString('utf8', 0, shownMax);
  throw unrecognized(definition, `Object 'Kind' is missing in '${sent}'`, sent);
}

function unrecognized({ kind }: ResourceDefinition, why: string, sent: string): StatusError {
  const summary = sent.length > summaryMax ? `${sent.slice(0, summaryMax)} ...` : sent;
  return StatusError.badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary})`);
}

/**
 * The apiVersion and kind of a body must be those of the endpoint. Of a built-in kind both may be
 * left out, and are filled in.
 */
export function checkKind(served: ServedResource, object: KubeObject): void {
  const { definition, apiVersion } = served;
  if (object.apiVersion === apiVersion && object.kind === definition.kind) return;
  const refuse = (why: string) => unrecognized(definition, why, JSON.stringify(object));
  const sentVersion = textOf(object.apiVersion, 'apiVersion', refuse);
  const sentKind = textOf(object.kind, 'kind', refuse);
  if (definition.dialect === 'custom') {
    if (sentVersion !== apiVersion)
      throw StatusError.badRequest(
        `the API version in the data (${sentVersion}) does not match the expected API version (${apiVersion})`,
      );
    throw StatusError.invalid(definition, object.metadata?.name ?? '', [
      invalidValue('kind', sentKind, `must be ${definition.kind}`),
    ]);
  }
  object.apiVersion = sentVersion || apiVersion;
  object.kind = sentKind || definition.kind;
  if (object.apiVersion === apiVersion && object.kind === definition.kind) return;
  const sent = `${object.kind} in version ${JSON.stringify(object.apiVersion)} cannot be handled as a ${definition.kind}`;
  if (object.apiVersion === apiVersion)
    throw StatusError.badRequest(`${sent}: no kind ${JSON.stringify(object.kind)} is taken at this URL`);
  throw StatusError.badRequest(
    `${sent}: no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)}`,
  );
}

/**
 * Why what a patch has made is no longer of its kind; undefined where it is. Unlike a body, it must
 * say what it is. Throws StatusError Invalid for another custom kind, which its validation refuses.
 */
export function patchedKindProblem(served: ServedResource, object: KubeObject): string | undefined {
  const { definition, apiVersion } = served;
  if (object.apiVersion === apiVersion && object.kind === definition.kind) return undefined;
  const missing = (field: string) => `Object '${field}' is missing in '${JSON.stringify(object).slice(0, shownMax)}'`;
  if (!object.kind) return missing('Kind');
  if (definition.dialect === 'builtin') {
    if (!object.apiVersion) return missing('apiVersion');
    const kind: unknown = object.kind;
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(object.apiVersion)}`;
  }
  const error =
    object.kind === definition.kind
      ? invalidValue('apiVersion', object.apiVersion, `must be ${apiVersion}`)
      : invalidValue('kind', object.kind, `must be ${definition.kind}`);
  throw StatusError.invalid(definition, object.metadata?.name ?? '', [error]);
}

/** `metadata` must be there as an object before anybody looks into it. */
export function ensureMetadata(object: KubeObject): void {
  if (object.metadata === undefined || object.metadata === null || typeof object.metadata !== 'object')
    object.metadata = { name: '' };
}

/** The namespace of a body is that of the URL, or absent. */
export function checkNamespace(request: WriteRequest, object: KubeObject): void {
  const sent = object.metadata.namespace;
  if (sent === undefined || sent === '' || sent === request.namespace) return;
  if (!request.served.definition.namespaced) {
    delete object.metadata.namespace;
    return;
  }
  throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
