/** What every way of making credentials has in common, for one machine and for Kubernetes. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { Random } from '@kcp-ts/base';
import type { CertificateAndKey } from '@kcp-ts/pki';

const dayMs = 86_400_000;
/** Certificates are made again when fewer days are left. */
const daysMin = 30;

/** Whether a certificate, PEM, is valid for another 30 days. */
export function isCurrent(certificate: string, nowMs: number): boolean {
  return new X509Certificate(certificate).validToDate.getTime() > nowMs + daysMin * dayMs;
}

/** With the authority behind it, so that the file itself is what clients can trust. */
export function withAuthority(made: CertificateAndKey, authority: string): CertificateAndKey {
  return { certificate: `${made.certificate}\n${authority}`, privateKey: made.privateKey };
}

/** A new key that signs tokens of service accounts, PEM. */
export function newServiceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A line of a token file, with a new token. */
export function newTokenLine(random: Random, user: string, groups: readonly string[]): string {
  return `${random.uuid()},${user},${random.uuid()},"${groups.join(',')}"\n`;
}

/** The token of a user in the text of a token file; undefined where it has none. */
export function tokenOf(tokenFile: string, user: string): string | undefined {
  const lines = tokenFile.split('\n').map((line) => line.split(','));
  return lines.find(([, name]) => name === user)?.[0];
}

/** A new password of 192 random bits. */
export function newPassword(random: Random): string {
  return Buffer.from(random.bytes(24)).toString('base64url');
}
