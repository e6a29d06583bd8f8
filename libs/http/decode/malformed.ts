import { StatusError } from '@kcp-ts/api';
import type { DecodeOptions } from './decode-options.ts';

const shownBytes = 30;

/**
 * What Kubernetes shows of a body that it could not read: text that looks like JSON as it is,
 * anything else in hexadecimal.
 */
export function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const start = Buffer.from(bytes.subarray(0, shownBytes));
  const text = start.toString(start[0] === 0x7b ? 'utf8' : 'hex');
  return bytes.length > shownBytes ? `${text} ...` : text;
}

/** 400 for a body that is not in the format it claims. */
export function malformed(why: string, bytes: Uint8Array, { kind, as }: DecodeOptions): StatusError {
  if (as === 'options') return StatusError.badRequest(why);
  const expected = kind === undefined ? '' : ` (must be of type ${kind})`;
  return StatusError.badRequest(`the object provided is unrecognized${expected}: ${why} (${summarize(bytes)})`);
}
