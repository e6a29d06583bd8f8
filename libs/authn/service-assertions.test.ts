import { X509Certificate } from 'node:crypto';
import { createSystemClock } from '@kcp-ts/base';
import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { assertionHeader, createAssertionSigner, serviceAudience } from './assertion.ts';
import { createAuthenticator } from './authenticator.ts';
import { withServiceAssertions } from './service-assertions.ts';

it('an assertion that a front-proxy has made for one shard is refused by another', async () => {
  const clock = createSystemClock();
  const authority = await createTestAuthority('peers');
  const commonName = 'system:kcp:service:front-proxy:a';
  const proxy = await authority.issue(`CN=${commonName}, O=system:kcp:services`);
  const { raw, validFromDate, validToDate } = new X509Certificate(proxy.certificate);
  const certificate = {
    commonName,
    organizations: ['system:kcp:services'],
    uris: [],
    raw,
    validFromMs: validFromDate.getTime(),
    validToMs: validToDate.getTime(),
  };
  const peer = { address: '127.0.0.1', port: 1, authorized: true, certificate };
  const signer = createAssertionSigner({ identity: { cert: proxy.certificate, key: proxy.privateKey }, clock });
  const headers = { [assertionHeader]: signer.sign({ name: 'ann', groups: ['team'] }, serviceAudience('shard', 'a')) };
  const shard = (name: string) =>
    withServiceAssertions(createAuthenticator({ clock, anonymous: true, adminTokens: [] }), {
      peerCa: { ca: authority.certificate },
      kind: 'shard',
      name,
      clock,
    });
  expect(shard('a').authenticate({ headers, peer })).toMatchObject({ name: 'ann' });
  expect(() => shard('b').authenticate({ headers, peer })).toThrow('Unauthorized');
});
