/**
 * A PKCS #10 certification request (RFC 2986): who asks in its subject, and whether it is signed
 * with the key that it asks for.
 */
import type { KeyObject } from 'node:crypto';
import { constants, createPublicKey, verify } from 'node:crypto';

/** What is wrong with a request, in words for its field. */
export class CertificateRequestError extends Error {}

export interface CertificateRequest {
  /** The values of O in the subject: the groups of the client that presents the certificate. */
  readonly organizations: readonly string[];
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With its header. */
  readonly whole: Buffer;
}

const tags = { integer: 0x02, bits: 0x03, oid: 0x06, sequence: 0x30, set: 0x31 } as const;
/**
 * How a string of a name is read: BMPString and UniversalString are big-endian, the rest are ASCII
 * or UTF-8. Other types carry no name.
 */
const textOf: Readonly<Record<number, (content: Buffer) => string>> = {
  12: (content) => content.toString('utf8'),
  18: (content) => content.toString('latin1'),
  19: (content) => content.toString('latin1'),
  20: (content) => content.toString('latin1'),
  22: (content) => content.toString('latin1'),
  28: (content) => fromUtf32(content),
  30: (content) =>
    Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString('utf16le'),
};
const organizationOid = '55040a';

/** Signature algorithms by their object identifiers in hex (RFC 4055, RFC 5758, RFC 8410). */
const digests: Readonly<Record<string, string | null>> = {
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha1',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
};
const pssOid = '2a864886f70d01010a';
const pssDigests: Readonly<Record<string, string>> = {
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};

function fromUtf32(content: Buffer): string {
  let text = '';
  for (let at = 0; at + 4 <= content.length; at += 4) {
    const point = content.readUInt32BE(at);
    if (point <= 0x10ffff) text += String.fromCodePoint(point);
  }
  return text;
}

/**
 * No real request comes near: RSA keys of 16384 bits make one of 5 kB. It bounds what the parser
 * does, which runs between other tenants' requests.
 */
const bytesMax = 64 * 1024;

function malformed(): CertificateRequestError {
  return new CertificateRequestError('asn1: structure error: not a certificate request');
}

/** The DER elements of a value, in order. */
function elementsOf(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined || (tag & 0x1f) === 0x1f) throw malformed();
    const more = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || more > 4 || at + 2 + more > bytes.length) throw malformed();
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
    const start = at + 2 + more;
    if (start + length > bytes.length) throw malformed();
    found.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

function only(elements: readonly Element[], at: number, tag: number): Element {
  const element = elements[at];
  if (element?.tag !== tag) throw malformed();
  return element;
}

function organizationsOf(subject: Buffer): string[] {
  const found: string[] = [];
  for (const set of elementsOf(subject)) {
    if (set.tag !== tags.set) throw malformed();
    for (const attribute of elementsOf(set.content)) {
      if (attribute.tag !== tags.sequence) throw malformed();
      const [type, value] = elementsOf(attribute.content);
      if (type?.tag !== tags.oid || value === undefined) throw malformed();
      if (type.content.toString('hex') !== organizationOid) continue;
      const read = textOf[value.tag];
      if (read === undefined) throw malformed();
      found.push(read(value.content));
    }
  }
  return found;
}

function publicKeyOf(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    throw malformed();
  }
}

/** The digest of RSASSA-PSS stands in its parameters: SEQUENCE { [0] SEQUENCE { digest … } … }. */
function pssDigestOf(parameters: Element | undefined): string | undefined {
  if (parameters?.tag !== tags.sequence) return undefined;
  const [digest] = elementsOf(parameters.content);
  const [algorithm] = digest?.tag === 0xa0 ? elementsOf(digest.content) : [];
  const [oid] = algorithm?.tag === tags.sequence ? elementsOf(algorithm.content) : [];
  return oid === undefined ? undefined : pssDigests[oid.content.toString('hex')];
}

function checkSignature(signed: Buffer, algorithm: Buffer, signature: Buffer, key: KeyObject): void {
  const [oid, parameters] = elementsOf(algorithm);
  const name = oid?.tag === tags.oid ? oid.content.toString('hex') : '';
  const pss = name === pssOid;
  const digest = pss ? pssDigestOf(parameters) : digests[name];
  if (digest === undefined) throw new CertificateRequestError('x509: cannot verify signature: algorithm unimplemented');
  let good = false;
  try {
    good = verify(digest, signed, pss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING } : key, signature);
  } catch {
    // A key that does not fit the algorithm.
  }
  if (!good) throw new CertificateRequestError('x509: the request is not signed with its own key');
}

/** Reads the DER of a request and checks its signature. Throws CertificateRequestError. */
export function readCertificateRequest(der: Buffer): CertificateRequest {
  if (der.length > bytesMax) throw new CertificateRequestError(`must not be larger than ${bytesMax} bytes`);
  const outer = elementsOf(der);
  if (outer.length !== 1) throw malformed();
  const parts = elementsOf(only(outer, 0, tags.sequence).content);
  const info = only(parts, 0, tags.sequence);
  const bits = only(parts, 2, tags.bits);
  if (parts.length !== 3 || bits.content[0] !== 0) throw malformed();
  const fields = elementsOf(info.content);
  only(fields, 0, tags.integer);
  const subject = only(fields, 1, tags.sequence);
  const key = only(fields, 2, tags.sequence);
  checkSignature(info.whole, only(parts, 1, tags.sequence).content, bits.content.subarray(1), publicKeyOf(key.whole));
  return { organizations: organizationsOf(subject.content) };
}
