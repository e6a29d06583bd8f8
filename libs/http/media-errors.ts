import { StatusError } from '@kcp-ts/meta';

/** 406, with what could have been had. */
export function notAcceptable(types: readonly string[]): StatusError {
  return new StatusError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`, {});
}

/** 415, with what would have been understood. */
export function unsupportedMediaType(types: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}
