import type { TLSSocket } from 'node:tls';
import type { CertificateNames } from '@kcp-ts/base';
import { namesInCertificate } from '@kcp-ts/base';

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

export interface PeerCertificate extends CertificateNames {
  /** DER. */
  readonly raw: Uint8Array;
  /**
   * Milliseconds since the epoch. A session may outlive its certificate: compare before you trust
   * it.
   */
  readonly validFromMs: number;
  readonly validToMs: number;
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    ...namesInCertificate(certificate),
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
