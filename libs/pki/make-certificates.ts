import 'reflect-metadata';
import { createPrivateKey } from 'node:crypto';
import { isIP } from '@kcp-ts/base';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly privateKey: string;
}

const algorithms = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
} as const;

/** Of a key: on P-256, or RSA with 2048 bits. */
export type KeyKind = keyof typeof algorithms;
const dayMs = 86_400_000;
const authorityDays = 3650;
const servingDays = 365;
/** Clocks of clients may be behind. */
const backdateMs = 3_600_000;

/** Off the main thread: an RSA key takes some tenths of a second. */
async function makeKeys(kind: KeyKind) {
  const keys = await crypto.subtle.generateKey(algorithms[kind], true, ['sign', 'verify']);
  const privateKey = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { keys, privateKey: `${privateKey}\n` };
}

function validity(nowMs: number, days: number) {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) };
}

export async function makeAuthority(name: string, nowMs: number, kind: KeyKind = 'ec'): Promise<CertificateAndKey> {
  const { keys, privateKey } = await makeKeys(kind);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithms[kind],
    ...validity(nowMs, authorityDays),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey };
}

function alternativeNames(hosts: readonly string[]): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(
    hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
  );
}

/** For which ends of a connection a certificate is good. */
export type CertificateUsage = 'server' | 'client';

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
  readonly usages: readonly CertificateUsage[];
  /** Names and addresses of a server; none for a client. */
  readonly hosts: readonly string[];
}

const extendedUsages = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth } as const;

/** A certificate on a new key, signed by an authority. */
export async function makeCertificate(
  authority: CertificateAndKey,
  wanted: CertificateRequest,
  nowMs: number,
): Promise<CertificateAndKey> {
  const { keys, privateKey } = await makeKeys('ec');
  const signer = PemConverter.decodeFirst(authority.privateKey);
  const algorithm = algorithms[createPrivateKey(authority.privateKey).asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'];
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [wanted.commonName] }, ...(wanted.organizations ?? []).map((name) => ({ O: [name] }))],
    issuer: new X509Certificate(authority.certificate).subject,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', signer, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    ...validity(nowMs, servingDays),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(wanted.usages.map((usage) => extendedUsages[usage])),
      ...(wanted.hosts.length === 0 ? [] : [alternativeNames(wanted.hosts)]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey };
}

/** What a server shows its clients. */
export function makeServingCertificate(
  authority: CertificateAndKey,
  hosts: readonly string[],
  nowMs: number,
): Promise<CertificateAndKey> {
  return makeCertificate(authority, { commonName: 'kcp-apiserver', usages: ['server'], hosts }, nowMs);
}

/**
 * Who a service of an installation is, to the others: good for both ends of a connection. Without a
 * name it is any service of the kind: replicas share it.
 */
export function makeServiceCertificate(
  authority: CertificateAndKey,
  service: { readonly kind: string; readonly name?: string | undefined; readonly hosts: readonly string[] },
  nowMs: number,
): Promise<CertificateAndKey> {
  const { kind, name, hosts } = service;
  const commonName = `system:kcp:service:${kind}${name === undefined ? '' : `:${name}`}`;
  const organizations = ['system:kcp:services'];
  return makeCertificate(authority, { commonName, organizations, usages: ['server', 'client'], hosts }, nowMs);
}
