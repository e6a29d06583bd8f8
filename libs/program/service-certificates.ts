/**
 * The certificates and keys that a server cannot be without, made in the root directory when they
 * are missing, near their end or for other names. The module that makes certificates takes longer
 * to load than all else at a start, so it is only loaded to make one.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authoritiesIn, checkKeyPair, isIP, readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { CertificateAndKey, KeyKind } from '@kcp-ts/pki';

/** All PEM. */
export interface ServiceCertificates {
  readonly serving: CertificateAndKey;
  /** What clients trust to reach us: goes into the kubeconfig. */
  readonly servingCa: string;
  readonly clientCa: string;
}

export interface CertificateDependencies {
  readonly rootDirectory: string;
  /** Names and addresses under which clients reach the server. */
  readonly hosts: readonly string[];
  /** Files of the operator's own, empty when there are none. */
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly clientCaFile: string;
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

function covers(certificate: X509Certificate, host: string): boolean {
  const found = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return found !== undefined;
}

interface ReadPair extends CertificateAndKey {
  readonly leaf: X509Certificate;
}

/**
 * Undefined where both files are absent. Throws for a file that cannot be used: it may be the
 * operator's, and others may rely on it.
 */
async function readPair(folder: string, name: string): Promise<ReadPair | undefined> {
  const crt = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const certificate = await readFileIfThere(crt);
  const privateKey = await readFileIfThere(key);
  if (certificate === undefined && privateKey === undefined) return undefined;
  if (certificate === undefined || privateKey === undefined) {
    const [gone, there] = certificate === undefined ? [crt, key] : [key, crt];
    throw new Error(
      `${gone} is gone, and ${there} is there: restore it, or remove that one too to have both made again`,
    );
  }
  return { certificate, privateKey, leaf: checkKeyPair({ certificate, privateKey }, { crt, key }) };
}

async function writePair(folder: string, name: string, pair: CertificateAndKey): Promise<CertificateAndKey> {
  await writePrivateFile(join(folder, `${name}.key`), pair.privateKey);
  await writePrivateFile(join(folder, `${name}.crt`), pair.certificate);
  return pair;
}

function isValid({ leaf }: ReadPair, nowMs: number, daysMin: number): boolean {
  return leaf.validFromDate.getTime() <= nowMs && leaf.validToDate.getTime() > nowMs + daysMin * dayMs;
}

/** An authority is replaced at its end only: everything that it signed becomes worthless. */
async function ensureAuthority(
  folder: string,
  name: string,
  { kind, daysMin, nowMs }: { readonly kind: KeyKind; readonly daysMin: number; readonly nowMs: number },
): Promise<CertificateAndKey> {
  const existing = await readPair(folder, name);
  if (existing !== undefined && isValid(existing, nowMs, daysMin)) return existing;
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
  const issuer = new X509Certificate(authority.certificate);
  if (
    existing !== undefined &&
    isValid(existing, nowMs, servingDaysMin) &&
    existing.leaf.verify(issuer.publicKey) &&
    hosts.every((host) => covers(existing.leaf, host))
  ) {
    const { certificate, privateKey } = existing;
    return { serving: { certificate, privateKey }, servingCa: authority.certificate };
  }
  const { makeServingCertificate } = await import('@kcp-ts/pki');
  const made = await makeServingCertificate(authority, hosts, nowMs);
  /* With its authority behind it, so that the file itself will do as what a client trusts. */
  const chain = { certificate: `${made.certificate}\n${authority.certificate}`, privateKey: made.privateKey };
  return { serving: await writePair(rootDirectory, 'apiserver', chain), servingCa: authority.certificate };
}

/** The operator's own serving certificate. Rejects, with the file, for what cannot be used. */
export async function readServingPair({
  tlsCertFile,
  tlsPrivateKeyFile,
}: Pick<CertificateDependencies, 'tlsCertFile' | 'tlsPrivateKeyFile'>): Promise<CertificateAndKey> {
  const certificate = await readFile(tlsCertFile, 'utf8');
  const privateKey = await readFile(tlsPrivateKeyFile, 'utf8');
  checkKeyPair({ certificate, privateKey }, { crt: tlsCertFile, key: tlsPrivateKeyFile });
  return { certificate, privateKey };
}

/**
 * The operator's own authorities of clients, as they are in the file. Rejects, with the file, where
 * it has none.
 */
export async function readAuthorities(clientCaFile: string): Promise<string> {
  const pem = await readFile(clientCaFile, 'utf8');
  authoritiesIn(pem, clientCaFile);
  return pem;
}

/**
 * Reads what there is and makes what there is not, or is near its end. Rejects, with the file, for
 * one that cannot be used.
 */
export async function ensureCertificates(deps: CertificateDependencies): Promise<ServiceCertificates> {
  const { rootDirectory, tlsCertFile, clientCaFile, nowMs } = deps;
  const own = async () => {
    const serving = await readServingPair(deps);
    return { serving, servingCa: serving.certificate };
  };
  const { serving, servingCa } = tlsCertFile === '' ? await ensureServing(deps) : await own();
  const clientCa =
    clientCaFile === ''
      ? (await ensureAuthority(rootDirectory, 'client-ca', { kind: clientCaKind, daysMin: 0, nowMs })).certificate
      : await readAuthorities(clientCaFile);
  return { serving, servingCa, clientCa };
}
