/**
 * The identity of the APIs of an APIExport, and what stands for it in storage keys. Anybody who has
 * an identity in a key has every object under it, so a text becomes an identity in one place, which
 * checks it: nothing that is written into a status can name the keys of built-in kinds (`-`) or of
 * CRDs.
 */

declare const identityHash: unique symbol;
/** Lower-case hex SHA-256 of an export's identity secret: 64 digits. (kcp facts, 4.4) */
export type IdentityHash = string & { readonly [identityHash]: true };

/**
 * The third segment of a storage key: `-` for built-in kinds, `customresources` for those of CRDs,
 * an identity for bound ones.
 */
export type KeyIdentity = IdentityHash | '-' | 'customresources';

const pattern = /^[0-9a-f]{64}$/;

/** The identity that a text is; undefined for anything but 64 lower-case hex digits. */
export function parseIdentityHash(text: unknown): IdentityHash | undefined {
  return typeof text === 'string' && pattern.test(text) ? (text as IdentityHash) : undefined;
}
