/**
 * Which service of an installation a certificate is of. Its kind is what it may do; the name says
 * which instance alone may bear it, and is left out where replicas share one certificate.
 *
 *   URI    spiffe://<trust domain>/kcp/service/<kind>[/<name>]
 *   or     CN=system:kcp:service:<kind>[:<name>], O=system:kcp:services
 *
 * The authority of services vouches for what a certificate says: this reads it and decides nothing
 * of whether it is signed.
 */
import type { CertificateNames } from '@kcp-ts/base';

/** A closed list: a certificate of any other kind is nobody's. */
export const serviceKinds = ['shard', 'front-proxy', 'cache-server', 'virtual-workspaces'] as const;

export type ServiceIdentityKind = (typeof serviceKinds)[number];

export interface ServiceIdentity {
  readonly kind: ServiceIdentityKind;
  /** Undefined where any instance of the kind may bear the certificate. */
  readonly name: string | undefined;
}

const servicesGroup = 'system:kcp:services';
const subject = /^system:kcp:service:([a-z-]+)(?::([A-Za-z0-9.-]+))?$/;
const uri = /^spiffe:\/\/[a-z0-9._-]+\/kcp\/service\/([a-z-]+)(?:\/([A-Za-z0-9.-]+))?$/;
/** What claims to be of ours: where it cannot be read, the certificate is no service's. */
const uriOfOurs = /^spiffe:\/\/[^/]*\/kcp\//i;

function identityOf(match: RegExpExecArray | null): ServiceIdentity | undefined {
  const kind = serviceKinds.find((each) => each === match?.[1]);
  return kind === undefined ? undefined : { kind, name: match?.[2] };
}

/**
 * Undefined for a certificate that is not one service's and no more: one with two identities, or
 * whose subject and URI differ, is none.
 */
export function serviceIdentityOf({ commonName, organizations, uris }: CertificateNames): ServiceIdentity | undefined {
  const ours = uris.filter((each) => uriOfOurs.test(each));
  const bySubject = organizations.includes(servicesGroup) ? identityOf(subject.exec(commonName)) : undefined;
  if (ours.length === 0) return bySubject;
  const byUri = ours.length === 1 ? identityOf(uri.exec(ours[0] ?? '')) : undefined;
  const claimsSubject = organizations.includes(servicesGroup) || commonName.startsWith('system:kcp:service:');
  if (byUri === undefined || !claimsSubject) return byUri;
  return bySubject?.kind === byUri.kind && bySubject.name === byUri.name ? byUri : undefined;
}

/** `system:kcp:service:<kind>[:<name>]`, however the certificate says it. */
export function serviceNameOf({ kind, name }: ServiceIdentity): string {
  return `system:kcp:service:${kind}${name === undefined ? '' : `:${name}`}`;
}

/** Whether an instance of that name may bear a certificate of that identity. */
export function mayBear(identity: ServiceIdentity, kind: string, name: string): boolean {
  return identity.kind === kind && (identity.name === undefined || identity.name === name);
}
