import type { Readable } from 'node:stream';
import { StatusError } from '@kcp-ts/api';
import type { Deadlines } from './deadlines.ts';

export function entityTooLarge(limitBytes: number): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}

/**
 * The whole of `source`. Never holds more than the limit and one chunk; a declared length past the
 * limit is refused before the first byte. A body that is not there when its deadline comes is a
 * Timeout: nobody holds memory by sending slowly. `arrived` is called when all of it is there; what
 * it throws the promise rejects with.
 */
export function readBody(
  source: Readable,
  declaredLength: number | undefined,
  limitBytes: number,
  deadlines: Deadlines,
  arrived: () => void,
): Promise<Uint8Array> {
  if (declaredLength !== undefined && declaredLength > limitBytes) return Promise.reject(entityTooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = () => {
      deadlines.remove(late);
      source.off('data', onData);
      source.off('end', onEnd);
      source.off('close', onGone);
    };
    const fail = (error: StatusError) => {
      settle();
      source.pause();
      reject(error);
    };
    const late = () => fail(new StatusError('Timeout', 'Timeout: the request body did not arrive in time'));
    const onGone = () => fail(StatusError.badRequest('unexpected EOF'));
    const onData = (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length > limitBytes) fail(entityTooLarge(limitBytes));
      else {
        chunks.push(chunk);
        deadlines.grow(late, chunk.byteLength);
      }
    };
    const onEnd = () => {
      settle();
      try {
        arrived();
      } catch (error) {
        reject(error);
        return;
      }
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
    };
    // An empty body may have ended while its sender was being authenticated: no event says so
    // again.
    if (source.readableEnded) {
      onEnd();
      return;
    }
    if (source.destroyed) {
      onGone();
      return;
    }
    deadlines.add(late);
    source.on('data', onData);
    source.on('end', onEnd);
    source.on('close', onGone);
  });
}
