/** Unknown and doubled fields of a body: an error, a warning or nothing, as `fieldValidation` says (KEP-2885). */
import type { KubeObject, ResourceRow } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { ServedResource } from './served-resource.ts';
import type { FieldValidation, WriteRequest } from './write-request.ts';

const strictErrorsMax = 100;

function strictDecodingError(row: ResourceRow, problems: readonly string[]): StatusError {
  const text = problems.slice(0, strictErrorsMax).join(', ');
  return StatusError.badRequest(
    `${row.kind} in version ${JSON.stringify(row.version)} cannot be handled as a ${row.kind}: strict decoding error: ${text}`,
  );
}

/** Drops what the schema does not know and reports it; throws for wrong types of built-in kinds, in Go's words. */
export function checkFields(
  served: ServedResource,
  object: KubeObject,
  duplicates: readonly string[],
  request: { readonly fieldValidation: FieldValidation; warn(text: string): void },
): void {
  const { row, schema } = served;
  const decoded = schema.decode(object);
  if (decoded.error !== undefined) {
    throw StatusError.badRequest(
      `${row.kind} in version ${JSON.stringify(row.version)} cannot be handled as a ${row.kind}: ${decoded.error}`,
    );
  }
  const pruned = schema.prune(object);
  if (request.fieldValidation === 'Ignore') return;
  const unknown = decoded.unknown.length > 0 ? [...new Set([...decoded.unknown, ...pruned])] : pruned;
  const problems = [
    ...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (problems.length === 0) return;
  if (request.fieldValidation === 'Strict') throw strictDecodingError(row, problems);
  for (const problem of problems.slice(0, strictErrorsMax)) request.warn(problem);
}

/** The apiVersion and kind of a body must be those of the endpoint. Fills them in where the body leaves both out. */
export function checkKind(served: ServedResource, object: KubeObject): void {
  const { row, apiVersion } = served;
  if (object.apiVersion === undefined || object.apiVersion === '') object.apiVersion = apiVersion;
  if (object.kind === undefined || object.kind === '') object.kind = row.kind;
  if (object.apiVersion === apiVersion && object.kind === row.kind) return;
  if (row.dialect === 'custom') {
    if (object.kind !== row.kind)
      throw StatusError.badRequest(
        `no kind ${JSON.stringify(object.kind)} is registered for the API at this URL: it takes ${row.kind}`,
      );
    throw StatusError.badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  const sent = `${object.kind} in version ${JSON.stringify(object.apiVersion)} cannot be handled as a ${row.kind}`;
  if (object.apiVersion === apiVersion)
    throw StatusError.badRequest(`${sent}: no kind ${JSON.stringify(object.kind)} is taken at this URL`);
  throw StatusError.badRequest(
    `${sent}: no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)}`,
  );
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
  if (!request.served.row.namespaced) {
    delete object.metadata.namespace;
    return;
  }
  throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
