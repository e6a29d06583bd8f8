import { expect, it } from 'vitest';
import { mayBear, serviceIdentityOf, serviceNameOf } from './service-identity.ts';

const services = ['system:kcp:services'];
const names = (commonName: string, organizations: readonly string[] = services, uris: readonly string[] = []) => ({
  commonName,
  organizations,
  uris,
});
const spiffe = (path: string) => `spiffe://kcp.example${path}`;

it.each([
  ['a subject with a name', names('system:kcp:service:shard:a'), { kind: 'shard', name: 'a' }],
  ['a subject of a kind alone', names('system:kcp:service:front-proxy'), { kind: 'front-proxy' }],
  ['a URI with a name', names('', [], [spiffe('/kcp/service/shard/a')]), { kind: 'shard', name: 'a' }],
  ['a URI of a kind alone', names('x', [], [spiffe('/kcp/service/cache-server')]), { kind: 'cache-server' }],
  ['a URI beside others', names('x', [], ['https://a', spiffe('/kcp/service/shard')]), { kind: 'shard' }],
  ['both, the same', names('system:kcp:service:shard', services, [spiffe('/kcp/service/shard')]), { kind: 'shard' }],
])('a certificate with %s is of that service', (_what, certificate, identity) => {
  expect(serviceIdentityOf(certificate)).toEqual({ name: undefined, ...identity });
});

it.each([
  ['no organization', names('system:kcp:service:shard:a', ['team'])],
  ['no such kind', names('system:kcp:service:etcd:a')],
  ['a kind that begins like one', names('system:kcp:service:shards')],
  ['an empty name', names('system:kcp:service:shard:')],
  ['more than a name', names('system:kcp:service:shard:a:b')],
  ['another path', names('', [], [spiffe('/kcp/service/shard/a/b')])],
  ['a query', names('', [], [spiffe('/kcp/service/shard?a')])],
  ['a path above', names('', [], [spiffe('/kcp/service/../service/shard')])],
  ['no trust domain', names('', [], ['spiffe:///kcp/service/shard'])],
  ['a user of the trust domain', names('', [], ['spiffe://a@b/kcp/service/shard'])],
  ['two identities', names('', [], [spiffe('/kcp/service/shard'), spiffe('/kcp/service/front-proxy')])],
  ['a URI that goes wrong beside a good subject', names('system:kcp:service:shard', services, [spiffe('/kcp/x')])],
  ['two kinds', names('system:kcp:service:front-proxy', services, [spiffe('/kcp/service/shard')])],
  ['two names', names('system:kcp:service:shard:a', services, [spiffe('/kcp/service/shard/b')])],
  ['a wider URI than subject', names('system:kcp:service:shard:a', services, [spiffe('/kcp/service/shard')])],
  ['another organization than the URI has it', names('system:kcp:service:shard', [], [spiffe('/kcp/service/shard')])],
])('a certificate with %s is of no service', (_what, certificate) => {
  expect(serviceIdentityOf(certificate)).toBeUndefined();
});

it('a certificate of an instance is that one’s alone, one of a kind is any instance’s', () => {
  const bears = (identity: { kind: 'shard'; name: string | undefined }) => [
    mayBear(identity, 'shard', 'a'),
    mayBear(identity, 'shard', 'b'),
    mayBear(identity, 'front-proxy', 'a'),
  ];
  expect(bears({ kind: 'shard', name: 'a' })).toEqual([true, false, false]);
  expect(bears({ kind: 'shard', name: undefined })).toEqual([true, true, false]);
  expect(serviceNameOf({ kind: 'shard', name: undefined })).toBe('system:kcp:service:shard');
});
