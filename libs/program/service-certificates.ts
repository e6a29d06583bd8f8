/**
 * The certificates and keys that a server cannot be without, made in the root directory when they are missing, near their end or for
 * other names. The module that makes certificates takes longer to load than all else at a start, so it is only loaded to make one.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isIP, readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { CertificateAndKey, KeyKind } from '@kcp-ts/pki';

/** All PEM. */
export interface ServiceCertificates {
  readonly serving: CertificateAndKey;
  /** What clients trust to reach us: goes into the kubeconfig. */
  readonly servingCa: string;
  readonly clientCa: string;
  readonly serviceAccountKey: string;
}

export interface CertificateDependencies {
  readonly rootDirectory: string;
  /** Names and addresses under which clients reach the server. */
  readonly hosts: readonly string[];
  /** Files of the operator's own, empty when there are none. */
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly clientCaFile: string;
  readonly serviceAccountKeyFile: string;
  readonly nowMs: number;
}

const dayMs = 86_400_000;
/** Renewed when fewer days are left. */
const servingDaysMin = 30;
const authorityDaysMin = 90;
/** What mints clients' certificates in tests of kcp's signs with SHA256-RSA, whatever the key. */
const clientCaKind: KeyKind = 'rsa';

/** The hosts to be found in a serving certificate: the wildcard addresses name nobody. */
export function servingHosts(candidates: readonly string[]): readonly string[] {
  const always = ['localhost', '127.0.0.1', '::1'];
  const named = candidates
    .map((host) => host.toLowerCase())
    .filter((host) => host !== '' && host !== '0.0.0.0' && host !== '::');
  return [...new Set([...always, ...named])];
}

function parsed(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function hasKey(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function covers(certificate: X509Certificate, host: string): boolean {
  const found = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return found !== undefined;
}

async function readPair(folder: string, name: string): Promise<CertificateAndKey | undefined> {
  const certificate = await readFileIfThere(join(folder, `${name}.crt`));
  const privateKey = await readFileIfThere(join(folder, `${name}.key`));
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

async function writePair(folder: string, name: string, pair: CertificateAndKey): Promise<CertificateAndKey> {
  await writePrivateFile(join(folder, `${name}.key`), pair.privateKey);
  await writePrivateFile(join(folder, `${name}.crt`), pair.certificate);
  return pair;
}

function isGood(pair: CertificateAndKey, nowMs: number, daysMin: number): boolean {
  const certificate = parsed(pair.certificate);
  if (certificate === undefined || !hasKey(certificate, pair.privateKey)) return false;
  return certificate.validFromDate.getTime() <= nowMs && certificate.validToDate.getTime() > nowMs + daysMin * dayMs;
}

/** An authority is replaced at its end only: everything that it signed becomes worthless. */
async function ensureAuthority(
  folder: string,
  name: string,
  { kind, daysMin, nowMs }: { readonly kind: KeyKind; readonly daysMin: number; readonly nowMs: number },
): Promise<CertificateAndKey> {
  const existing = await readPair(folder, name);
  if (existing !== undefined && isGood(existing, nowMs, daysMin)) return existing;
  const { makeAuthority } = await import('@kcp-ts/pki');
  return writePair(folder, name, await makeAuthority(`kcp-${name}`, nowMs, kind));
}

async function ensureServing(
  deps: CertificateDependencies,
): Promise<{ serving: CertificateAndKey; servingCa: string }> {
  const { rootDirectory, nowMs } = deps;
  const authority = await ensureAuthority(rootDirectory, 'serving-ca', {
    kind: 'ec',
    daysMin: authorityDaysMin,
    nowMs,
  });
  const hosts = servingHosts(deps.hosts);
  const existing = await readPair(rootDirectory, 'apiserver');
  const certificate = parsed(existing?.certificate);
  const issuer = parsed(authority.certificate);
  if (
    existing !== undefined &&
    certificate !== undefined &&
    issuer !== undefined &&
    isGood(existing, nowMs, servingDaysMin) &&
    certificate.verify(issuer.publicKey) &&
    hosts.every((host) => covers(certificate, host))
  ) {
    return { serving: existing, servingCa: authority.certificate };
  }
  const { makeServingCertificate } = await import('@kcp-ts/pki');
  const made = await makeServingCertificate(authority, hosts, nowMs);
  /* With its authority behind it, so that the file itself will do as what a client trusts. */
  const chain = { certificate: `${made.certificate}\n${authority.certificate}`, privateKey: made.privateKey };
  return { serving: await writePair(rootDirectory, 'apiserver', chain), servingCa: authority.certificate };
}

async function ensureServiceAccountKey({
  rootDirectory,
  serviceAccountKeyFile,
}: CertificateDependencies): Promise<string> {
  if (serviceAccountKeyFile !== '') return readFile(serviceAccountKeyFile, 'utf8');
  const path = join(rootDirectory, 'sa.key');
  const existing = await readFileIfThere(path);
  if (existing !== undefined) {
    createPrivateKey(existing);
    return existing;
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writePrivateFile(path, pem);
  await writePrivateFile(
    join(rootDirectory, 'sa.pub'),
    createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  );
  return pem;
}

/** Reads what there is and makes what there is not. Rejects when a file of the operator's cannot be read, or a key of ours is broken. */
export async function ensureCertificates(deps: CertificateDependencies): Promise<ServiceCertificates> {
  const { rootDirectory, tlsCertFile, tlsPrivateKeyFile, clientCaFile, nowMs } = deps;
  const own = async () => {
    const certificate = await readFile(tlsCertFile, 'utf8');
    return { serving: { certificate, privateKey: await readFile(tlsPrivateKeyFile, 'utf8') }, servingCa: certificate };
  };
  const { serving, servingCa } = tlsCertFile === '' ? await ensureServing(deps) : await own();
  const clientCa =
    clientCaFile === ''
      ? (await ensureAuthority(rootDirectory, 'client-ca', { kind: clientCaKind, daysMin: 0, nowMs })).certificate
      : await readFile(clientCaFile, 'utf8');
  return { serving, servingCa, clientCa, serviceAccountKey: await ensureServiceAccountKey(deps) };
}
