/**
 * Where a paged list goes on: the revision that all its pages are read at, and the last key given.
 * Opaque to clients.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision, StatusError } from '@kcp-ts/api';

export interface ContinueToken {
  readonly revision: Revision;
  readonly after: string;
}

export function formatContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'kcp-ts/v1', rv: token.revision, start: token.after })).toString('base64url');
}

/**
 * Throws StatusError BadRequest for text that is no token of ours, or one for another resource than
 * `prefix`.
 */
export function parseContinue(text: string, prefix: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as {
      v?: unknown;
      rv?: unknown;
      start?: unknown;
    };
    if (v === 'kcp-ts/v1' && typeof rv === 'number' && typeof start === 'string' && start.startsWith(prefix))
      return { revision: asRevision(rv), after: start };
  } catch {
    // Falls through: whatever is wrong with it, the answer is the same.
  }
  throw StatusError.badRequest(
    'invalid continue token: continue key is not valid: encoded continue token is not usable for this list',
  );
}
