import { X509Certificate } from 'node:crypto';

/** Who a PEM certificate says that its bearer is; '' where it does not say. */
export function commonNameOf(certificate: string): string {
  const subject: Readonly<Record<string, unknown>> = { ...new X509Certificate(certificate).toLegacyObject().subject };
  return String(subject['CN'] ?? '');
}
