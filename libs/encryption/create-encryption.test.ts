import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EncryptionConfiguration, ProviderConfiguration } from './configuration.ts';
import { createEncryption } from './create-encryption.ts';
import { DecryptionError } from './provider.ts';

const kinds = ['aesgcm', 'aescbc', 'secretbox'] as const;
const keyOf = (name: string) => ({ name, secret: randomBytes(32) });
const withKeys = (kind: (typeof kinds)[number], ...names: [string, ...string[]]): ProviderConfiguration => {
  const [first, ...more] = names;
  return { kind, keys: [keyOf(first), ...more.map(keyOf)] };
};
const identity: ProviderConfiguration = { kind: 'identity' };

function encryptionOf(...providers: [ProviderConfiguration, ...ProviderConfiguration[]]) {
  return createEncryption([{ resources: ['secrets'], providers }], noKms);
}

function noKms(): never {
  throw new Error('no key management service is configured');
}

const key = 'core/secrets/-/c1/default/a';
const bytes = (text: string) => Buffer.from(text);

describe.each(kinds)('%s', (kind) => {
  const encryption = encryptionOf(withKeys(kind, 'key1'));

  it('reads what it has stored, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
        const stored = encryption.toStorage(key, value);
        expect(Buffer.from(encryption.fromStorage(key, stored).value)).toEqual(Buffer.from(value));
      }),
    );
  });

  it('stores nothing that can be read, and nothing twice the same', () => {
    const value = bytes('{"data":{"password":"c2VjcmV0LXRleHQ="}}');
    const stored = Buffer.from(encryption.toStorage(key, value));
    expect(stored.toString('latin1')).toMatch(new RegExp(`^k8s:enc:${kind}:v1:key1:`));
    expect(stored.includes('password')).toBe(false);
    expect(stored.equals(encryption.toStorage(key, value))).toBe(false);
  });

  it('does not read what another key has stored', () => {
    const stored = encryption.toStorage(key, bytes('hidden'));
    // A key of the same name with another secret.
    const other = encryptionOf(withKeys(kind, 'key1'));
    let read: string | undefined;
    try {
      read = Buffer.from(other.fromStorage(key, stored).value).toString();
    } catch (error) {
      expect(error).toBeInstanceOf(DecryptionError);
    }
    // CBC has no tag: by chance what comes out has a right padding, and is noise.
    expect(read).not.toBe('hidden');
    expect(() => encryptionOf(withKeys(kind, 'key2')).fromStorage(key, stored)).toThrow('no key of --encryption');
  });

  it('refuses what is cut off', () => {
    const stored = encryption.toStorage(key, bytes('hidden'));
    const prefix = `k8s:enc:${kind}:v1:key1:`.length;
    for (const length of [prefix, prefix + 5, prefix + 15])
      expect(() => encryption.fromStorage(key, stored.subarray(0, length))).toThrow(DecryptionError);
  });
});

describe.each(['aesgcm', 'secretbox'] as const)('%s', (kind) => {
  it('notices each changed bit', () => {
    const encryption = encryptionOf(withKeys(kind, 'key1'));
    const stored = Buffer.from(encryption.toStorage(key, bytes('hidden')));
    for (let at = `k8s:enc:${kind}:v1:key1:`.length; at < stored.length; at++) {
      const changed = Buffer.from(stored);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => encryption.fromStorage(key, changed)).toThrow(DecryptionError);
    }
  });
});

it('aesgcm does not read a value that was moved to another key', () => {
  const encryption = encryptionOf(withKeys('aesgcm', 'key1'));
  const stored = encryption.toStorage(key, bytes('hidden'));
  expect(() => encryption.fromStorage('core/secrets/-/c2/default/a', stored)).toThrow(DecryptionError);
});

describe('what is to be written again', () => {
  const former = withKeys('aesgcm', 'former');
  const next = withKeys('secretbox', 'next');
  const stored = {
    clear: bytes('{"plain":1}'),
    former: encryptionOf(former).toStorage(key, bytes('{"plain":1}')),
    next: encryptionOf(next).toStorage(key, bytes('{"plain":1}')),
  };
  it.each([
    { name: 'turned on', providers: [next, identity], stale: { clear: true, next: undefined } },
    { name: 'with a new key', providers: [next, former], stale: { former: true, next: undefined } },
    { name: 'turned off', providers: [identity, former], stale: { clear: undefined, former: true } },
  ] as const)('encryption is $name', ({ providers, stale }) => {
    const encryption = encryptionOf(...(providers as unknown as [ProviderConfiguration]));
    for (const [which, expected] of Object.entries(stale)) {
      const read = encryption.fromStorage(key, stored[which as keyof typeof stored]);
      expect(Buffer.from(read.value).toString()).toBe('{"plain":1}');
      expect(read.stale).toBe(expected);
    }
  });

  it('nothing in the clear is taken where no identity provider allows it', () => {
    expect(() => encryptionOf(next).fromStorage(key, stored.clear)).toThrow('has no identity provider for it');
  });
});

it('each resource by the first entry that covers it, others in the clear', () => {
  const configuration: EncryptionConfiguration = [
    { resources: ['secrets', 'widgets.example.com'], providers: [withKeys('aesgcm', 'one')] },
    { resources: ['*.example.com'], providers: [withKeys('aesgcm', 'two')] },
  ];
  const encryption = createEncryption(configuration, noKms);
  const storedBy = (storageKey: string) =>
    Buffer.from(encryption.toStorage(storageKey, bytes('{}')))
      .toString('latin1')
      .split(':')
      .slice(0, 5)
      .join(':');
  expect(storedBy('core/secrets/-/c/ns/a')).toBe('k8s:enc:aesgcm:v1:one');
  expect(storedBy('example.com/widgets/0f/c/ns/a')).toBe('k8s:enc:aesgcm:v1:one');
  expect(storedBy('example.com/gadgets/0f/c/ns/a')).toBe('k8s:enc:aesgcm:v1:two');
  expect(storedBy('core/configmaps/-/c/ns/a')).toBe('{}');
});
