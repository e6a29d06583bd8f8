import { certificateRequests } from '@kcp-ts/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CertificateRequestError, readCertificateRequest } from './certificate-request.ts';

function derOf(encoded: string): Buffer {
  const pem = Buffer.from(encoded, 'base64').toString('latin1');
  return Buffer.from(pem.split('-----')[2] ?? '', 'base64');
}

describe('a certificate request', () => {
  it.each([
    ['ecdsa', ['dev']],
    ['masters', ['dev', 'system:masters']],
    ['mastersInBmpString', ['system:masters']],
    ['rsa', []],
    ['rsaPss', []],
    ['ed25519', []],
  ] as const)('signed with %s is read', (name, organizations) => {
    expect(readCertificateRequest(derOf(certificateRequests[name]))).toEqual({ organizations });
  });

  it('with any byte changed is refused, and so is any other input, always in the same way', () => {
    const der = derOf(certificateRequests.masters);
    const refused = (bytes: Buffer) => expect(() => readCertificateRequest(bytes)).toThrow(CertificateRequestError);
    for (let at = 0; at < der.length; at++) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      refused(changed);
      refused(der.subarray(0, at));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refused(Buffer.from(bytes))));
  });

  it('larger than any real one is refused before it is read', () => {
    expect(() => readCertificateRequest(Buffer.alloc(65_537, 5))).toThrow('must not be larger than 65536 bytes');
  });
});
