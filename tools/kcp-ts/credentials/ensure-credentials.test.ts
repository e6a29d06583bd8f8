import { X509Certificate } from 'node:crypto';
import { createSystemRandom } from '@kcp-ts/base';
import { makeAuthority } from '@kcp-ts/pki';
import { describe, expect, it } from 'vitest';
import type { CredentialData, CredentialStore } from './credential-store.ts';
import { ensureCredentials } from './ensure-credentials.ts';
import type { Wanted, WantedCertificate } from './wanted.ts';

const nowMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const random = createSystemRandom();

const ca = { kind: 'Authority', name: 'ca', commonName: 'kcp-ca', key: 'ec' } as const;
const shard: WantedCertificate = {
  kind: 'Certificate',
  name: 'shard',
  authority: 'ca',
  commonName: 'system:kcp:service:shard:root',
  organizations: ['system:kcp:services'],
  usages: ['server', 'client'],
  hosts: ['*.root.kcp.svc', 'localhost', '127.0.0.1', '::1'],
};
const users: Wanted = { kind: 'Tokens', name: 'tokens', users: [{ name: 'kcp-admin', groups: ['system:kcp:admin'] }] };

function createMemoryStore(): CredentialStore & { readonly all: Map<string, CredentialData> } {
  const all = new Map<string, CredentialData>();
  return {
    all,
    read: async (name) => all.get(name),
    write: async (name, data) => void all.set(name, data),
  };
}

/** The names of what was written. */
async function ensure(store: CredentialStore, wanted: readonly Wanted[], at = nowMs): Promise<readonly string[]> {
  const written: string[] = [];
  const onWritten = (name: string, change: string) => void written.push(`${change} ${name}`);
  await ensureCredentials(wanted, { store, random, nowMs: at, onWritten });
  return written;
}

const leafOf = (data: CredentialData | undefined) => new X509Certificate(data?.['tls.crt'] ?? '');

describe('credentials', () => {
  it('are made once, and stay as they are', async () => {
    const store = createMemoryStore();
    const wanted: readonly Wanted[] = [
      ca,
      shard,
      { kind: 'SigningKey', name: 'service-accounts' },
      users,
      { kind: 'Password', name: 'nats-root' },
      { kind: 'NatsUsers', name: 'nats', users: [{ name: 'root', password: 'nats-root', shard: 'root' }] },
      {
        kind: 'Kubeconfig',
        name: 'admin',
        server: 'https://kcp.example.com:6443',
        authority: 'ca',
        tokens: 'tokens',
        user: 'kcp-admin',
      },
    ];
    expect(await ensure(store, wanted)).toEqual(wanted.map(({ name }) => `made ${name}`));
    const made = new Map(store.all);
    expect(await ensure(store, wanted)).toEqual([]);
    expect(store.all).toEqual(made);
  });

  it('have the authority behind a certificate that is good for both ends of a connection', async () => {
    const store = createMemoryStore();
    await ensure(store, [ca, shard]);
    const leaf = leafOf(store.all.get('shard'));
    expect(leaf.subject.split('\n').sort()).toEqual(['CN=system:kcp:service:shard:root', 'O=system:kcp:services']);
    expect(leaf.checkHost('root-0.root.kcp.svc')).toBeDefined();
    expect(leaf.checkIP('::1')).toBeDefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(leaf.verify(leafOf(store.all.get('ca')).publicKey)).toBe(true);
    expect(store.all.get('shard')?.['tls.crt']).toContain(store.all.get('ca')?.['ca.crt']);
  });

  it('are renewed thirty days before a certificate ends, by the same authority', async () => {
    const store = createMemoryStore();
    await ensure(store, [ca, shard]);
    expect(await ensure(store, [ca, shard], nowMs + 334 * dayMs)).toEqual([]);
    expect(await ensure(store, [ca, shard], nowMs + 336 * dayMs)).toEqual(['changed shard']);
  });

  it.each([
    ['other hosts', { hosts: [...shard.hosts, 'kcp.example.com'] }],
    ['fewer hosts', { hosts: ['localhost'] }],
    ['another address', { hosts: ['*.root.kcp.svc', 'localhost', '127.0.0.2', '::1'] }],
    ['another name', { commonName: 'system:kcp:service:shard:other' }],
    ['no group', { organizations: [] }],
  ])('are made again for %s', async (_what, change) => {
    const store = createMemoryStore();
    await ensure(store, [ca, shard]);
    expect(await ensure(store, [ca, { ...shard, ...change }])).toEqual(['changed shard']);
    expect(await ensure(store, [ca, { ...shard, ...change }])).toEqual([]);
  });

  it('are made again where the authority is another one', async () => {
    const store = createMemoryStore();
    await ensure(store, [ca, shard]);
    const { certificate, privateKey } = await makeAuthority('kcp-ca', nowMs);
    store.all.set('ca', { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': certificate });
    expect(await ensure(store, [ca, shard])).toEqual(['changed shard']);
  });

  it('leave a signing key, and the keys beside it, to the operator', async () => {
    const store = createMemoryStore();
    await ensure(store, [{ kind: 'SigningKey', name: 'key' }]);
    const rotating = { ...store.all.get('key'), 'sa.pub': `${store.all.get('key')?.['sa.pub']}-----BEGIN another` };
    store.all.set('key', rotating);
    expect(await ensure(store, [{ kind: 'SigningKey', name: 'key' }])).toEqual([]);
    expect(store.all.get('key')).toEqual(rotating);
  });

  it('keep the lines of others in a token file', async () => {
    const store = createMemoryStore();
    store.all.set('tokens', { 'tokens.csv': 'secret,ada,1,"people"' });
    await ensure(store, [users]);
    const lines = store.all.get('tokens')?.['tokens.csv']?.split('\n');
    expect(lines?.[0]).toBe('secret,ada,1,"people"');
    expect(lines?.[1]).toMatch(/^[-0-9a-f]{36},kcp-admin,[-0-9a-f]{36},"system:kcp:admin"$/);
  });

  it('let a shard publish its own feed, and others nothing', async () => {
    const store = createMemoryStore();
    const password = (name: string): Wanted => ({ kind: 'Password', name });
    await ensure(store, [
      password('a'),
      password('b'),
      {
        kind: 'NatsUsers',
        name: 'nats',
        users: [
          { name: 'shard-root', password: 'a', shard: 'root' },
          { name: 'front-proxy', password: 'b', shard: '' },
        ],
      },
    ]);
    const text = store.all.get('nats')?.['users.conf'] ?? '';
    const { users: made } = JSON.parse(text.replace(/^authorization: /, '')) as { users: readonly unknown[] };
    expect(made).toMatchObject([
      {
        user: 'shard-root',
        password: store.all.get('a')?.['password'],
        permissions: { publish: { allow: ['kcp.feed.root'] } },
      },
      { user: 'front-proxy', permissions: { publish: { deny: ['>'] } } },
    ]);
  });

  it('are refused where an authority comes after what it signs', async () => {
    await expect(ensure(createMemoryStore(), [shard, ca])).rejects.toThrow('Cannot find tls.crt in ca');
  });
});
