import { createHash } from 'node:crypto';
import type { UserInfo } from '@kcp-ts/api';
import type { Peer, PeerCertificate } from '@kcp-ts/http';
import { withAuthenticated } from './groups.ts';

export type CertificateVerdict =
  | { readonly kind: 'none' }
  /** A certificate that does not count: foreign, expired or not valid yet. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'user'; readonly user: UserInfo };

function userOf(certificate: PeerCertificate): UserInfo {
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
  return {
    name: certificate.commonName,
    groups: withAuthenticated(certificate.organizations),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  };
}

const none: CertificateVerdict = { kind: 'none' };
const invalid: CertificateVerdict = { kind: 'invalid' };

/**
 * Who a client certificate says its bearer is (CN is the user, O the groups); worked out once per
 * TLS session, its dates looked at each time.
 */
export function createCertificateReader(now: () => number): (peer: Peer) => CertificateVerdict {
  const known = new WeakMap<Peer, CertificateVerdict>();
  return (peer) => {
    const { certificate } = peer;
    if (certificate === undefined) return none;
    if (!peer.authorized) return invalid;
    const time = now();
    if (time > certificate.validToMs || time < certificate.validFromMs) return invalid;
    let verdict = known.get(peer);
    if (verdict === undefined) {
      verdict = certificate.commonName === '' ? none : { kind: 'user', user: userOf(certificate) };
      known.set(peer, verdict);
    }
    return verdict;
  };
}
