/** Answers of shards that are read here: small ones, and Statuses. */

import type { Status, StatusReason } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { UpstreamAnswer } from '@kcp-ts/http';

/** A page of a list is a shard's own bound times the size of objects. */
const bytesMax = 256 * 1024 * 1024;

export async function readAll(body: UpstreamAnswer['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax)
      throw new StatusError('RequestEntityTooLarge', 'the list is too large; ask for it in pages, with a limit');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const reasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  504: 'Timeout',
};

/**
 * A shard's Status, to be said again; anything else is a shard that does not work. `code`: of the
 * answer, where there was one.
 */
export function statusErrorOf(text: string, code = 500): StatusError {
  try {
    const status = JSON.parse(text) as Partial<Status>;
    if (status.kind === 'Status' && typeof status.message === 'string') {
      const said = status.code ?? code;
      const reason = (status.reason as StatusReason | undefined) ?? reasons[said] ?? 'InternalError';
      return new StatusError(reason, status.message, status.details, { code: said });
    }
  } catch {
    // No Status: said below.
  }
  const reason = reasons[code] ?? 'ServiceUnavailable';
  return new StatusError(reason, 'the server is currently unable to handle the request', { retryAfterSeconds: 1 });
}
