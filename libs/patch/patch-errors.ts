import { StatusError } from '@kcp-ts/api';

/** A patch that is well formed and does not fit the object. Kubernetes tells no more than this. */
export function unprocessable(why: string): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError('Invalid', message, {}, { cause: new Error(why) });
}

/** A patch that is none. */
export function badPatch(why: string): StatusError {
  return StatusError.badRequest(why);
}

export function patchTooLarge(why: string): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity is too large: ${why}`);
}
