/**
 * Names of home workspaces and of new logical clusters: big-endian integers in base 36, as kcp
 * draws them.
 */
import { createHash } from 'node:crypto';
import type { ClusterName } from '@kcp-ts/api';
import { asClusterName } from '@kcp-ts/api';

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
const homeHashBytes = 8;
const clusterNameLength = 16;

function base36(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (; value > 0n; value /= 36n) text = digits.charAt(Number(value % 36n)) + text;
  return text;
}

/** Base 36 with a `0` for each leading zero byte. */
export function base36Padded(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  return '0'.repeat(zeros) + base36(bytes);
}

function sha224(text: string | Uint8Array): Uint8Array {
  return createHash('sha224').update(text).digest();
}

/** The logical cluster of a user's home workspace. */
export function homeClusterName(user: string): ClusterName {
  return asClusterName(base36Padded(sha224(user).subarray(0, homeHashBytes)));
}

const drawnPattern = new RegExp(`^[${digits}]{${clusterNameLength}}$`);

/**
 * Whether a name has the form of those that are drawn. Names of homes are shorter, so nobody is
 * given a cluster under the name of somebody's home.
 */
export function isDrawnClusterName(name: string): boolean {
  return drawnPattern.test(name);
}

/** A new logical cluster's name out of 32 random bytes. */
export function drawClusterName(random: Uint8Array): ClusterName {
  return asClusterName(base36Padded(sha224(random)).slice(0, clusterNameLength));
}
