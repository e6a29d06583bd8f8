import 'reflect-metadata';
import { createPrivateKey } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface TestCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface WantedCertificate {
  readonly from?: Date;
  readonly to?: Date;
  /** Further subject alternative names. */
  readonly uris?: readonly string[];
}

export interface TestAuthority {
  /** PEM. */
  readonly certificate: string;
  /**
   * A certificate for 127.0.0.1 and localhost that is as good for a server as for a client.
   * `subject` is an RFC 4514 text.
   */
  issue(subject: string, wanted?: WantedCertificate): Promise<TestCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const hourMs = 3_600_000;

async function newKeys() {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const privateKey = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { keys, privateKey };
}

/** A certificate authority for one test, made on the spot. */
export async function createTestAuthority(name = 'test-ca'): Promise<TestAuthority> {
  const { keys } = await newKeys();
  const now = Date.now();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now - hourMs),
    notAfter: new Date(now + 24 * hourMs),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return authorityOf(root, keys.privateKey);
}

/**
 * The certificate authority that a server keeps in two files. Both are PEM; the key is PKCS #8, on
 * P-256 or RSA.
 */
export async function readTestAuthority(certificate: string, privateKey: string): Promise<TestAuthority> {
  const signing = createPrivateKey(privateKey).asymmetricKeyType === 'rsa' ? rsa : algorithm;
  const key = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(privateKey), signing, false, ['sign']);
  return authorityOf(new X509Certificate(certificate), key);
}

function authorityOf(root: X509Certificate, signingKey: CryptoKey): TestAuthority {
  return {
    certificate: root.toString('pem'),
    async issue(subject, { from, to, uris = [] } = {}) {
      const leaf = await newKeys();
      const now = Date.now();
      const certificate = await X509CertificateGenerator.create({
        subject,
        issuer: root.subject,
        publicKey: leaf.keys.publicKey,
        signingKey,
        signingAlgorithm: signingKey.algorithm.name === rsa.name ? rsa : algorithm,
        notBefore: from ?? new Date(now - hourMs),
        notAfter: to ?? new Date(now + hourMs),
        extensions: [
          new SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
            ...uris.map((value) => ({ type: 'url' as const, value })),
          ]),
        ],
      });
      return { certificate: certificate.toString('pem'), privateKey: leaf.privateKey };
    },
  };
}
