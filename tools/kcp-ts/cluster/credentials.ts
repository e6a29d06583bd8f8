/**
 * Certificates, keys, tokens and passwords of a local installation: made once, kept in its folder,
 * readable by their owner alone.
 */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, Random } from '@kcp-ts/base';
import { namesInCertificate, readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { CertificateAndKey } from '@kcp-ts/pki';
import {
  isCurrent,
  newPassword,
  newServiceAccountKey,
  newTokenLine,
  tokenOf,
  withAuthority,
} from '../credentials/fresh.ts';
import type { Layout, Part } from './layout.ts';
import { shardNameOf } from './layout.ts';

const local = ['127.0.0.1', 'localhost', '::1'];
const administrators = [
  ['kcp-admin', 'system:kcp:admin'],
  ['shard-admin', 'system:masters'],
] as const;

export interface ClusterCredentials {
  /** PEM of the authority that signs serving certificates and those of services. */
  readonly ca: string;
  readonly tokens: Readonly<Record<'kcp-admin' | 'shard-admin', string>>;
}

export type Administrator = 'kcp-admin' | 'shard-admin';

export function pkiPath(folder: string, file: string): string {
  return join(folder, 'pki', file);
}

async function readPair(folder: string, name: string): Promise<CertificateAndKey | undefined> {
  const certificate = await readFileIfThere(pkiPath(folder, `${name}.crt`));
  const privateKey = await readFileIfThere(pkiPath(folder, `${name}.key`));
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

async function writePair(folder: string, name: string, pair: CertificateAndKey): Promise<CertificateAndKey> {
  await writePrivateFile(pkiPath(folder, `${name}.key`), pair.privateKey);
  await writePrivateFile(pkiPath(folder, `${name}.crt`), pair.certificate);
  return pair;
}

async function ensurePair(
  folder: string,
  name: string,
  nowMs: number,
  make: () => Promise<CertificateAndKey>,
  isGood: (certificate: X509Certificate) => boolean = () => true,
): Promise<CertificateAndKey> {
  const there = await readPair(folder, name);
  if (there !== undefined && isCurrent(there.certificate, nowMs) && isGood(new X509Certificate(there.certificate)))
    return there;
  return writePair(folder, name, await make());
}

/** One certificate a part: what it shows clients, and who it is to other parts. */
async function ensurePart(
  folder: string,
  authority: CertificateAndKey,
  part: Part,
  host: string,
  nowMs: number,
): Promise<void> {
  const { makeServiceCertificate, makeServingCertificate } = await import('@kcp-ts/pki');
  const hosts = [...new Set([...local, host])];
  await ensurePair(folder, `${part.name}-serving`, nowMs, async () =>
    withAuthority(await makeServingCertificate(authority, hosts, nowMs), authority.certificate),
  );
  // Of a shard and its standby: both are the shard.
  const name = part.kind === 'shard' ? shardNameOf(part) : part.name;
  const commonName = `system:kcp:service:${part.kind}:${name}`;
  await ensurePair(
    folder,
    part.name,
    nowMs,
    () => makeServiceCertificate(authority, { kind: part.kind, name, hosts }, nowMs),
    (certificate) => namesInCertificate(certificate).commonName === commonName,
  );
}

async function ensureText(path: string, make: () => string): Promise<string> {
  const there = await readFileIfThere(path);
  if (there !== undefined) return there;
  const made = make();
  await writePrivateFile(path, made);
  return made;
}

/** The token file that every shard reads. */
export function tokenFilePath(folder: string): string {
  return pkiPath(folder, 'tokens.csv');
}

/** The password of a part for NATS. */
export function natsPasswordPath(folder: string, part: Part): string {
  return pkiPath(folder, `${part.name}.nats-password`);
}

/**
 * The tokens of the administrators are kept; `more` are those of people, as given at this start.
 */
async function ensureTokens(
  folder: string,
  random: Random,
  more: readonly string[],
): Promise<ClusterCredentials['tokens']> {
  const text = await ensureText(pkiPath(folder, 'administrators.csv'), () =>
    administrators.map(([name, group]) => newTokenLine(random, name, [group])).join(''),
  );
  await writePrivateFile(tokenFilePath(folder), [text.trimEnd(), ...more, ''].join('\n'));
  return { 'kcp-admin': tokenOf(text, 'kcp-admin') ?? '', 'shard-admin': tokenOf(text, 'shard-admin') ?? '' };
}

/** The token that an installation was given at its first start. */
export async function administratorToken(folder: string, name: Administrator): Promise<string> {
  return tokenOf((await readFileIfThere(pkiPath(folder, 'administrators.csv'))) ?? '', name) ?? '';
}

/** Makes what is missing. `host`: what services call themselves to each other. */
export async function ensureCredentials(
  { folder, parts }: Layout,
  host: string,
  { clock, random, tokens }: { readonly clock: Clock; readonly random: Random; readonly tokens: readonly string[] },
): Promise<ClusterCredentials> {
  const { makeAuthority } = await import('@kcp-ts/pki');
  const nowMs = clock.now();
  const authority = await ensurePair(folder, 'ca', nowMs, () => makeAuthority('kcp-ca', nowMs));
  await ensurePair(folder, '../client-ca', nowMs, () => makeAuthority('kcp-client-ca', nowMs, 'rsa'));
  await ensureText(join(folder, 'sa.key'), newServiceAccountKey);
  for (const part of parts) {
    if (part.kind === 'etcd' || part.kind === 'nats') continue;
    await ensurePart(folder, authority, part, host, nowMs);
    await ensureText(natsPasswordPath(folder, part), () => newPassword(random));
  }
  return { ca: authority.certificate, tokens: await ensureTokens(folder, random, tokens) };
}
