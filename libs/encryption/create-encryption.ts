/** An EncryptionConfiguration as what storage needs of it. */
import type { TransformedValue, ValueTransformer } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import type { EncryptionConfiguration, ProviderConfiguration } from './configuration.ts';
import { covers } from './configuration.ts';
import type { Provider } from './provider.ts';
import { DecryptionError, encryptedPrefix } from './provider.ts';
import { createAesCbc } from './providers/aes-cbc.ts';
import { createAesGcm } from './providers/aes-gcm.ts';
import { createSecretbox } from './providers/secretbox.ts';

/** Resources that were looked at last; what is found for each is a reference. */
const resourcesMax = 10_000;

const encryptedBytes = Buffer.from(encryptedPrefix);

const identity: Provider = { prefix: undefined, encrypt: (value) => value, decrypt: (stored) => stored };

const makers = { aesgcm: createAesGcm, aescbc: createAesCbc, secretbox: createSecretbox } as const;
const versions = { aesgcm: 'v1', aescbc: 'v1', secretbox: 'v1' } as const;

function startsWith(value: Uint8Array, prefix: Uint8Array): boolean {
  if (value.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (value[i] !== prefix[i]) return false;
  return true;
}

/** The providers of one entry, each with the bytes that what it has stored begins with. */
interface Chain {
  readonly writes: Reading;
  readonly reads: readonly Reading[];
}

interface Reading {
  readonly provider: Provider;
  readonly prefix: Uint8Array;
}

export type KmsProviders = (name: string) => Provider;

function providersOf(configuration: ProviderConfiguration, kms: KmsProviders): readonly Provider[] {
  switch (configuration.kind) {
    case 'identity':
      return [identity];
    case 'kms':
      return [kms(configuration.kms.name)];
    default: {
      const { kind, keys } = configuration;
      return keys.map(({ name, secret }) => ({
        prefix: `${encryptedPrefix}${kind}:${versions[kind]}:${name}:`,
        ...makers[kind](secret),
      }));
    }
  }
}

function chainOf(providers: readonly ProviderConfiguration[], kms: KmsProviders): Chain {
  const reads = providers
    .flatMap((each) => providersOf(each, kms))
    .map((provider): Reading => ({ provider, prefix: Buffer.from(provider.prefix ?? '') }));
  const [writes] = reads;
  if (writes === undefined) throw new Error('an entry has no provider');
  return { writes, reads };
}

/** What reads a value: by what it begins with, or what takes values in the clear. */
function readingOf(reads: readonly Reading[], stored: Uint8Array): Reading | undefined {
  const isEncrypted = startsWith(stored, encryptedBytes);
  return reads.find(({ provider, prefix }) =>
    isEncrypted ? provider.prefix !== undefined && startsWith(stored, prefix) : provider.prefix === undefined,
  );
}

/** `secrets`, `widgets.example.com`: the resource of a storage key, as configurations name it. */
function resourceOfKey(key: string): string {
  const group = key.slice(0, key.indexOf('/'));
  const resource = key.slice(group.length + 1, key.indexOf('/', group.length + 1));
  return group === 'core' ? resource : `${resource}.${group}`;
}

const inTheClear: Chain = chainOf([{ kind: 'identity' }], () => identity);

/**
 * `kms` gives the provider of a key management service by its name. What no entry names is stored
 * in the clear.
 */
export function createEncryption(configuration: EncryptionConfiguration, kms: KmsProviders): ValueTransformer {
  const chains = configuration.map(({ resources, providers }) => ({ resources, chain: chainOf(providers, kms) }));
  const all = [...chains.flatMap(({ chain }) => chain.reads)];
  const byResource = new LRUCache<string, Chain>({ max: resourcesMax });

  function chainFor(key: string): Chain {
    const resource = resourceOfKey(key);
    let chain = byResource.get(resource);
    if (chain === undefined) {
      chain = chains.find(({ resources }) => resources.some((entry) => covers(entry, resource)))?.chain ?? inTheClear;
      byResource.set(resource, chain);
    }
    return chain;
  }

  return {
    toStorage(key, value) {
      const { provider, prefix } = chainFor(key).writes;
      if (provider.prefix === undefined) return value;
      return Buffer.concat([prefix, provider.encrypt(value, key)]);
    },
    fromStorage(key, stored): TransformedValue {
      const { writes, reads } = chainFor(key);
      const reading = readingOf(reads, stored);
      if (reading === undefined) {
        const why = startsWith(stored, encryptedBytes)
          ? 'no key of --encryption-provider-config reads the stored value'
          : 'the stored value is not encrypted, and --encryption-provider-config has no identity provider for it';
        throw new DecryptionError(`${key}: ${why}`);
      }
      const { provider, prefix } = reading;
      const encrypted = stored.subarray(prefix.length);
      try {
        const current = reading === writes && provider.isCurrent?.(encrypted) !== false;
        return { value: provider.decrypt(encrypted, key), stale: current ? undefined : true };
      } catch (cause) {
        throw new DecryptionError(`${key}: ${cause instanceof Error ? cause.message : ''}`, { cause });
      }
    },
    asksForKeys: () => all.some(({ provider }) => provider.prepare !== undefined),
    async prepare(values) {
      for (const stored of values) {
        const reading = readingOf(all, stored);
        await reading?.provider.prepare?.(stored.subarray(reading.prefix.length));
      }
    },
  };
}
