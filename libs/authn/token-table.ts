import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '@kcp-ts/api';

export function hashToken(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}

/** A bearer token of which only the SHA-256 is known here. */
export interface HashedToken {
  readonly sha256: Uint8Array;
  readonly user: UserInfo;
}

/**
 * Whose token it is. Every entry is compared, in constant time, so the answer's time says nothing
 * of a token. For a few entries.
 */
export function userOfToken(entries: readonly HashedToken[], token: string): UserInfo | undefined {
  const hash = hashToken(token);
  let user: UserInfo | undefined;
  for (const entry of entries) {
    if (entry.sha256.length === hash.length && timingSafeEqual(entry.sha256, hash)) user = entry.user;
  }
  return user;
}
