/**
 * `kms`, v2: values are encrypted here, with a seed that the key management service has wrapped
 * (KEP-3299). The service is asked at the start, for each seed that is met for the first time, and
 * once a minute for the key that it wraps with; never for a value.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import { EncryptedDekSourceType, EncryptedObjectSchema } from '@kcp-ts/proto';
import type { KmsConfiguration } from '../configuration.ts';
import type { Provider } from '../provider.ts';
import { DecryptionError, encryptedPrefix } from '../provider.ts';
import { createKmsClient } from './kms-client.ts';
import type { Seed } from './seeds.ts';
import { createSeed, seedBytes } from './seeds.ts';
import type { SourceFile, WrappedSeed } from './source-file.ts';

export interface KmsDependencies {
  readonly clock: Clock;
  readonly sources: SourceFile;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Called when values are encrypted with another key from now on. */
  readonly onRotated: () => void;
  readonly onError: (error: unknown) => undefined;
}

export interface KmsProvider extends Provider, AsyncDisposable {
  /** Asks for the key that the service wraps with; a new seed is made where it is another one. */
  refresh(): Promise<void>;
}

const refreshMs = 60_000;
const seedType = EncryptedDekSourceType.HKDF_SHA256_XNONCE_AES_GCM_SEED;

interface KnownSeed {
  readonly wrapped: WrappedSeed;
  readonly seed: Seed;
}

const idOf = (ciphertext: Uint8Array) => Buffer.from(ciphertext).toString('base64');

/** Rejects where the service does not answer, or says that it does not work. */
export async function openKmsProvider(configuration: KmsConfiguration, deps: KmsDependencies): Promise<KmsProvider> {
  const { name } = configuration;
  await using opened = new AsyncDisposableStack();
  const client = opened.use(createKmsClient(configuration));
  const known = new Map<string, KnownSeed>();
  const asking = new Map<string, Promise<void>>();
  let current: KnownSeed | undefined;

  async function unwrap(wrapped: WrappedSeed): Promise<KnownSeed> {
    return { wrapped, seed: createSeed(await client.unwrap(wrapped)) };
  }

  /**
   * It is noted before anything is kept that was encrypted with it, and when the service knows it.
   */
  async function learn(wrapped: WrappedSeed): Promise<void> {
    const found = await unwrap(wrapped);
    await deps.sources.append(wrapped);
    known.set(idOf(wrapped.ciphertext), found);
  }

  async function makeSeed(): Promise<KnownSeed> {
    const secret = deps.randomBytes(seedBytes);
    const wrapped = await client.wrap(secret);
    await deps.sources.append(wrapped);
    const made = { wrapped, seed: createSeed(secret) };
    known.set(idOf(wrapped.ciphertext), made);
    return made;
  }

  async function refresh(): Promise<void> {
    const id = await client.keyId();
    if (current?.wrapped.keyId === id) return;
    current = await makeSeed();
    deps.onRotated();
  }

  function knownOf(ciphertext: Uint8Array): KnownSeed {
    const found = known.get(idOf(ciphertext));
    if (found === undefined) throw new DecryptionError(`the key of the value was not asked of KMS ${name}`);
    return found;
  }

  const id = await client.keyId();
  for (const wrapped of new Map(deps.sources.seeds.map((each) => [idOf(each.ciphertext), each])).values()) {
    const found = await unwrap(wrapped).catch(deps.onError);
    // One that the service has lost: what nothing uses any more must not keep the others.
    if (found === undefined) continue;
    known.set(idOf(wrapped.ciphertext), found);
    if (wrapped.keyId === id) current = found;
  }
  current ??= await makeSeed();
  opened.use(every(deps.clock, refreshMs, () => void refresh().catch(deps.onError)));
  const all = opened.move();

  return {
    prefix: `${encryptedPrefix}kms:v2:${name}:`,
    encrypt(value, key) {
      const { wrapped, seed } = current as KnownSeed;
      const stored = create(EncryptedObjectSchema, {
        encryptedData: seed.encrypt(value, key),
        keyId: wrapped.keyId,
        encryptedDekSource: wrapped.ciphertext,
        annotations: { ...wrapped.annotations },
        encryptedDekSourceType: seedType,
      });
      return toBinary(EncryptedObjectSchema, stored);
    },
    decrypt(stored, key) {
      const { encryptedData, encryptedDekSource } = fromBinary(EncryptedObjectSchema, stored);
      return knownOf(encryptedDekSource).seed.decrypt(encryptedData, key);
    },
    isCurrent: (stored) => fromBinary(EncryptedObjectSchema, stored).keyId === current?.wrapped.keyId,
    async prepare(stored) {
      const { encryptedDekSource, keyId: wrappedWith, annotations } = fromBinary(EncryptedObjectSchema, stored);
      const id = idOf(encryptedDekSource);
      if (known.has(id)) return;
      let asked = asking.get(id);
      if (asked === undefined) {
        asked = learn({ ciphertext: encryptedDekSource, keyId: wrappedWith, annotations });
        asking.set(id, asked);
      }
      await asked.finally(() => asking.delete(id));
    },
    refresh,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
