/**
 * What files with certificates and keys have to be; an error names the file and never shows a key.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Throws, with the file, where it has no certificate. */
function certificateIn(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Error(`${path} has no certificate in PEM: restore it`);
  }
}

/** Throws, with the file, where it has no private key. */
function privateKeyIn(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error(`${path} has no private key in PEM: restore it`);
  }
}

/**
 * The certificates of a bundle, all of them. Throws, with the file, where there is none, or one
 * that cannot be read: an authority that is left out would lock out everybody it vouches for.
 */
export function authoritiesIn(pem: string, path: string): readonly X509Certificate[] {
  const found = pem.match(block) ?? [];
  if (found.length === 0) throw new Error(`${path} has no certificate in PEM: restore it`);
  return found.map((each) => certificateIn(each, path));
}

/** The certificate of a pair. Throws, with the files, where the two do not belong together. */
export function checkKeyPair(
  { certificate, privateKey }: { readonly certificate: string; readonly privateKey: string },
  { crt, key }: { readonly crt: string; readonly key: string },
): X509Certificate {
  const leaf = certificateIn(certificate, crt);
  if (!leaf.checkPrivateKey(privateKeyIn(privateKey, key)))
    throw new Error(`${key} is not the key of ${crt}: restore both`);
  return leaf;
}

/** Who a certificate says that its bearer is. */
export interface CertificateNames {
  /** The last CN of the subject, as Go's pkix.Name keeps it; empty when there is none. */
  readonly commonName: string;
  /** The O values of the subject, in order. */
  readonly organizations: readonly string[];
  /** URI subject alternative names. */
  readonly uris: readonly string[];
}

function valuesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/**
 * Node puts a name in quotes that has a comma or anything else by which it could look like several:
 * such a one is none of ours.
 */
const alternativeName = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;

export function urisIn(alternativeNames: string | undefined): string[] {
  const names = alternativeNames?.match(alternativeName) ?? [];
  return names
    .map((name) => name.trim())
    .flatMap((name) => (name.startsWith('URI:') && !name.startsWith('URI:"') ? [name.slice(4)] : []));
}

export function namesInCertificate(certificate: X509Certificate): CertificateNames {
  const subject: Readonly<Record<string, unknown>> = { ...certificate.toLegacyObject().subject };
  return {
    commonName: valuesOf(subject['CN']).at(-1) ?? '',
    organizations: valuesOf(subject['O']),
    uris: urisIn(certificate.subjectAltName),
  };
}
