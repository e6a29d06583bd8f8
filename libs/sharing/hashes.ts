/** Names that kcp derives by hashing: labels of bindings and claimed objects, suffixes of default bindings. Base 62 over SHA-224, lower case first. */
import { createHash } from 'node:crypto';
import type { ClaimKey } from './types.ts';

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const base = 62n;

/** A big-endian integer in base 62. */
export function base62(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (; value > 0n; value /= base) text = digits.charAt(Number(value % base)) + text;
  return text;
}

export function base62Sha224(text: string): string {
  return base62(createHash('sha224').update(text).digest());
}

/** The label of an APIBinding that says which export it refers to. */
export const exportLabel = 'internal.apis.kcp.io/export';
/** Claimed objects carry `<prefix><hash of the export>: <hash of the claim>`. */
export const claimLabelPrefix = 'claimed.internal.apis.kcp.io/';

/** The value of `internal.apis.kcp.io/export`, and what claim labels end in. */
export function exportHash(exportCluster: string, exportName: string): string {
  return base62Sha224(`${exportCluster}:${exportName}`);
}

export function claimLabel(exportCluster: string, exportName: string): string {
  return `${claimLabelPrefix}${exportHash(exportCluster, exportName)}`;
}

/** The value of a claim label: a hash over what the claim names, not over its verbs or selector. */
export function claimHash(claim: ClaimKey): string {
  const parts = [
    ...(claim.group ? [`"group":${JSON.stringify(claim.group)}`] : []),
    `"resource":${JSON.stringify(claim.resource)}`,
    '"verbs":null',
    ...(claim.identityHash ? [`"identityHash":${JSON.stringify(claim.identityHash)}`] : []),
  ];
  return base62Sha224(`{${parts.join(',')}}`);
}

const reflexiveBytes = Uint8Array.from({ length: 28 }, (_, i) => i % 10);

/** The claim label's value on the APIBindings of an export, so that the export's virtual workspace shows them. */
export const reflexiveClaimHash = base62(reflexiveBytes);

const suffixLength = 5;

/** The name of a workspace's default binding: the export's name and a few characters of a hash. */
export function defaultBindingName(cluster: string, exportPath: string, exportName: string): string {
  const suffix = base62Sha224(`${cluster}|${exportPath}|${exportName}`).toLowerCase().slice(0, suffixLength);
  return `${exportName.slice(0, 253 - suffixLength - 1)}-${suffix}`;
}
