import type { TLSSocket } from 'node:tls';

/** The other end of a TLS session, looked at once when the session begins. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** What the client presented, verified or not. */
  readonly certificate?: PeerCertificate;
  /**
   * The certificate is signed by the client CA and was valid when the session began. False without
   * a certificate.
   */
  readonly authorized: boolean;
}

export interface PeerCertificate {
  /** The last CN of the subject, as Go's pkix.Name keeps it; empty when there is none. */
  readonly commonName: string;
  /** The O values of the subject, in order. */
  readonly organizations: readonly string[];
  /** URI subject alternative names. */
  readonly uris: readonly string[];
  /** DER. */
  readonly raw: Uint8Array;
  /**
   * Milliseconds since the epoch. A session may outlive its certificate: compare before you trust
   * it.
   */
  readonly validFromMs: number;
  readonly validToMs: number;
}

function valuesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function urisOf(alternativeNames: string | undefined): string[] {
  if (alternativeNames === undefined) return [];
  return alternativeNames.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const subject: Readonly<Record<string, unknown>> = { ...certificate.toLegacyObject().subject };
  return {
    commonName: valuesOf(subject['CN']).at(-1) ?? '',
    organizations: valuesOf(subject['O']),
    uris: urisOf(certificate.subjectAltName),
    raw: certificate.raw,
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
  };
}

function readableCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
  try {
    return certificateOf(socket);
  } catch {
    return undefined;
  }
}

/** A certificate that cannot be read counts as none; it never ends the session. */
export function peerOf(socket: TLSSocket): Peer {
  const address = socket.remoteAddress ?? '';
  const port = socket.remotePort ?? 0;
  const certificate = readableCertificateOf(socket);
  if (certificate === undefined) return { address, port, authorized: false };
  return { address, port, certificate, authorized: socket.authorized };
}
