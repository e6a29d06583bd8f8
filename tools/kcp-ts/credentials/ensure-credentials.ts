/**
 * Makes the credentials of an installation that are missing, near their end, or other than what is
 * wanted. What is good stays as it is, so it may run as often as one likes.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { Random } from '@kcp-ts/base';
import { isIP } from '@kcp-ts/base';
import { natsPermissions } from '@kcp-ts/bus';
import type { CertificateAndKey } from '@kcp-ts/pki';
import type { CredentialData, CredentialStore } from './credential-store.ts';
import { isCurrent, newPassword, newServiceAccountKey, newTokenLine, tokenOf, withAuthority } from './fresh.ts';
import { kubeconfigText } from './kubeconfig-text.ts';
import type {
  Wanted,
  WantedAuthority,
  WantedCertificate,
  WantedKubeconfig,
  WantedNatsUsers,
  WantedTokens,
} from './wanted.ts';

export interface EnsureDependencies {
  readonly store: CredentialStore;
  readonly random: Random;
  readonly nowMs: number;
  /** Called with each that was written. */
  onWritten(name: string, change: 'made' | 'changed'): void;
}

/** Of something that was made before. */
type Read = (name: string, key: string) => Promise<string>;

interface Making {
  readonly there: CredentialData | undefined;
  readonly read: Read;
  readonly random: Random;
  readonly nowMs: number;
}

function pairOf(data: CredentialData | undefined): CertificateAndKey | undefined {
  const certificate = data?.['tls.crt'];
  const privateKey = data?.['tls.key'];
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

async function authority(wanted: WantedAuthority, { there, nowMs }: Making): Promise<CredentialData> {
  const pair = pairOf(there);
  if (there !== undefined && pair !== undefined && isCurrent(pair.certificate, nowMs)) return there;
  const { makeAuthority } = await import('@kcp-ts/pki');
  const made = await makeAuthority(wanted.commonName, nowMs, wanted.key);
  return { 'tls.crt': made.certificate, 'tls.key': made.privateKey, 'ca.crt': made.certificate };
}

/** Whether a certificate is for these names and addresses, and no others. */
function isFor(certificate: X509Certificate, hosts: readonly string[]): boolean {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name !== '');
  const has = (host: string) =>
    isIP(host) === 0 ? names.includes(`DNS:${host}`) : certificate.checkIP(host) !== undefined;
  return names.length === hosts.length && hosts.every(has);
}

function isAsWanted(pem: string, wanted: WantedCertificate, authorityPem: string): boolean {
  const certificate = new X509Certificate(pem);
  const subject = [`CN=${wanted.commonName}`, ...wanted.organizations.map((name) => `O=${name}`)];
  const issuer = new X509Certificate(authorityPem);
  return (
    certificate.subject.split('\n').sort().join() === subject.sort().join() &&
    isFor(certificate, wanted.hosts) &&
    certificate.verify(issuer.publicKey) &&
    pem.trimEnd().endsWith(authorityPem.trimEnd())
  );
}

async function certificate(wanted: WantedCertificate, { there, read, nowMs }: Making): Promise<CredentialData> {
  const signer = {
    certificate: await read(wanted.authority, 'tls.crt'),
    privateKey: await read(wanted.authority, 'tls.key'),
  };
  const pair = pairOf(there);
  const good =
    pair !== undefined &&
    isCurrent(pair.certificate, nowMs) &&
    isAsWanted(pair.certificate, wanted, signer.certificate);
  if (there !== undefined && good) return there;
  const { makeCertificate } = await import('@kcp-ts/pki');
  const made = withAuthority(await makeCertificate(signer, wanted, nowMs), signer.certificate);
  return { 'tls.crt': made.certificate, 'tls.key': made.privateKey, 'ca.crt': signer.certificate };
}

/** What is there is the operator's, who may be in the middle of a rotation. */
function signingKey({ there }: Making): CredentialData {
  if (there?.['sa.key'] !== undefined && there['sa.pub'] !== undefined) return there;
  const privateKey = there?.['sa.key'] ?? newServiceAccountKey();
  const publicKey = createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' });
  return { ...there, 'sa.key': privateKey, 'sa.pub': there?.['sa.pub'] ?? publicKey.toString() };
}

function tokens(wanted: WantedTokens, { there, random }: Making): CredentialData {
  const text = there?.['tokens.csv'] ?? '';
  const missing = wanted.users.filter(({ name }) => tokenOf(text, name) === undefined);
  if (there !== undefined && missing.length === 0) return there;
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const added = missing.map(({ name, groups }) => newTokenLine(random, name, groups));
  return { ...there, 'tokens.csv': ended + added.join('') };
}

async function natsUsers(wanted: WantedNatsUsers, { read }: Making): Promise<CredentialData> {
  const users = await Promise.all(
    wanted.users.map(async ({ name, password, shard }) => ({
      user: name,
      password: await read(password, 'password'),
      permissions: natsPermissions(shard === '' ? undefined : shard),
    })),
  );
  return { 'users.conf': `authorization: ${JSON.stringify({ users }, undefined, 2)}\n` };
}

async function kubeconfig(wanted: WantedKubeconfig, { read }: Making): Promise<CredentialData> {
  const { server, user } = wanted;
  const token = tokenOf(await read(wanted.tokens, 'tokens.csv'), user);
  if (token === undefined) throw new Error(`${wanted.tokens} has no token of ${user}`);
  const contexts = [
    { name: 'base', server, user },
    { name: 'root', server: `${server}/clusters/root`, user },
  ];
  const ca = await read(wanted.authority, 'ca.crt');
  return { kubeconfig: kubeconfigText({ contexts, current: 'root', ca, tokens: { [user]: token } }) };
}

function make(wanted: Wanted, making: Making): CredentialData | Promise<CredentialData> {
  switch (wanted.kind) {
    case 'Authority':
      return authority(wanted, making);
    case 'Certificate':
      return certificate(wanted, making);
    case 'SigningKey':
      return signingKey(making);
    case 'Tokens':
      return tokens(wanted, making);
    case 'Password':
      return making.there?.['password'] === undefined ? { password: newPassword(making.random) } : making.there;
    case 'NatsUsers':
      return natsUsers(wanted, making);
    case 'Kubeconfig':
      return kubeconfig(wanted, making);
  }
}

function isSame(a: CredentialData | undefined, b: CredentialData): boolean {
  const keys = Object.keys(b);
  return a !== undefined && keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key]);
}

/** Resolves when everything is there. Rejects where something needs what is not there. */
export async function ensureCredentials(all: readonly Wanted[], deps: EnsureDependencies): Promise<void> {
  const { store, random, nowMs, onWritten } = deps;
  const read: Read = async (name, key) => {
    const text = (await store.read(name))?.[key];
    if (text === undefined)
      throw new Error(`Cannot find ${key} in ${name}: what needs it has to come later in the list`);
    return text;
  };
  for (const wanted of all) {
    const there = await store.read(wanted.name);
    const data = await make(wanted, { there, read, random, nowMs });
    if (isSame(there, data)) continue;
    await store.write(wanted.name, data);
    onWritten(wanted.name, there === undefined ? 'made' : 'changed');
  }
}
