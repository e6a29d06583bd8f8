/**
 * Names that kcp derives by hashing: labels of bindings and claimed objects, suffixes of default
 * bindings. Base 62 over SHA-224, lower case first.
 */

import { hash } from 'node:crypto';
import type { LogicalClusterName } from '@kcp-ts/api';
import type { ClaimKey } from './types.ts';

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const base = 62;
/**
 * So many digits are an exact number: the fewer divisions of a bigint the better, since every
 * binding of a new workspace has hashes.
 */
const groupDigits = 8;
const groupBase = BigInt(base ** groupDigits);

/** A big-endian integer, in hexadecimal digits, in base 62. */
export function base62(hexadecimal: string): string {
  let text = '';
  for (let value = BigInt(`0x${hexadecimal}`); value > 0n; value /= groupBase) {
    let group = Number(value % groupBase);
    const last = value < groupBase;
    for (let digit = 0; digit < groupDigits && !(last && group === 0); digit++) {
      text = digits.charAt(group % base) + text;
      group = Math.floor(group / base);
    }
  }
  return text;
}

export function base62Sha224(text: string): string {
  return base62(hash('sha224', text, 'hex'));
}

/** Keeps an APIBinding until the objects of what it has bound are gone. */
export const bindingFinalizer = 'apis.kcp.io/apibinding-finalizer';
/** The label of an APIBinding that says which export it refers to. */
export const exportLabel = 'internal.apis.kcp.io/export';
/** Claimed objects carry `<prefix><hash of the export>: <hash of the claim>`. */
export const claimLabelPrefix = 'claimed.internal.apis.kcp.io/';

/** The value of `internal.apis.kcp.io/export`, and what claim labels end in. */
export function exportHash(exportCluster: LogicalClusterName, exportName: string): string {
  return base62Sha224(`${exportCluster}:${exportName}`);
}

export function claimLabel(exportCluster: LogicalClusterName, exportName: string): string {
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

const reflexiveBytes = Buffer.from(Array.from({ length: 28 }, (_, i) => i % 10));

/**
 * The claim label's value on the APIBindings of an export, so that the export's virtual workspace
 * shows them.
 */
export const reflexiveClaimHash = base62(reflexiveBytes.toString('hex'));

const suffixLength = 5;

/** The name of a workspace's default binding: the export's name and a few characters of a hash. */
export function defaultBindingName(cluster: LogicalClusterName, exportPath: string, exportName: string): string {
  const suffix = base62Sha224(`${cluster}|${exportPath}|${exportName}`).toLowerCase().slice(0, suffixLength);
  return `${exportName.slice(0, 253 - suffixLength - 1)}-${suffix}`;
}
