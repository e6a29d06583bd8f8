/** `--encryption-provider-config`: the file, followed while the process runs, with its services. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FollowDependencies, Random } from '@kcp-ts/base';
import { followLive, readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { ValueTransformer } from '@kcp-ts/storage';
import type { EncryptionConfiguration, KmsConfiguration } from './configuration.ts';
import { ConfigurationError, kmsServicesOf, parseEncryptionConfiguration } from './configuration.ts';
import { createEncryption } from './create-encryption.ts';
import type { KmsProvider } from './kms/kms-provider.ts';
import { openKmsProvider } from './kms/kms-provider.ts';
import { openSourceFile } from './kms/source-file.ts';

export interface EncryptionDependencies extends FollowDependencies {
  /** Of the configuration; empty where nothing is encrypted. */
  readonly path: string;
  /** Where the store is: what has to be asked of a key management service is noted there. */
  readonly folder: string;
  readonly random: Random;
}

export interface Encryption extends AsyncDisposable {
  readonly isConfigured: boolean;
  /** Undefined where nothing is encrypted. */
  readonly transformer: ValueTransformer | undefined;
  /** `changed` is called when other keys are used from now on. */
  onChange(changed: () => void): Disposable;
}

/**
 * Rejects where the file is no EncryptionConfiguration, or a key management service does not
 * answer. A change that cannot be used is logged, and what was read before stays in use.
 */
export async function openEncryption(deps: EncryptionDependencies): Promise<Encryption> {
  const marker = join(deps.folder, markerFile);
  if (deps.path === '') {
    if ((await readFileIfThere(marker)) !== undefined) throw new ConfigurationError(withoutFlag(marker));
    return notEncrypted;
  }
  const encryption = await followEncryption(deps);
  await writePrivateFile(marker, 'There is data here that may be encrypted.\n');
  return encryption;
}

/** In the folder of a store that was written with an encryption configuration. */
const markerFile = 'encryption-at-rest';

function withoutFlag(marker: string): string {
  return `--encryption-provider-config is not given, and the data here was written with one: give it, with identity as the first provider to turn encryption off; when all is stored in the clear again, delete ${marker}`;
}

const notEncrypted: Encryption = {
  isConfigured: false,
  transformer: undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const idOf = ({ name, socket, timeoutMs }: KmsConfiguration) => `${name} ${socket} ${timeoutMs}`;

async function followEncryption(deps: EncryptionDependencies): Promise<Encryption> {
  const { path, folder, clock, random, log } = deps;
  await using opened = new AsyncDisposableStack();
  const services = new Map<string, KmsProvider>();
  const listeners = new Set<() => void>();
  opened.defer(() => closeUnused([]));

  async function openService(kms: KmsConfiguration): Promise<void> {
    if (services.has(idOf(kms))) return;
    const provider = await openKmsProvider(kms, {
      clock,
      sources: await openSourceFile(join(folder, `kms-${encodeURIComponent(kms.name)}.seeds`)),
      randomBytes: (count) => random.bytes(count),
      onRotated: changed,
      onError(err) {
        log.error({ err, kms: kms.name }, 'the key management service does not do what it is asked for');
        return undefined;
      },
    });
    services.set(idOf(kms), provider);
  }

  function changed(): void {
    for (const listener of [...listeners]) listener();
  }

  async function read(): Promise<EncryptionConfiguration> {
    const text = await readFile(path, 'utf8');
    try {
      const configuration = parseEncryptionConfiguration(text);
      for (const kms of kmsServicesOf(configuration)) await openService(kms);
      return configuration;
    } catch (cause) {
      // With the path, by which a start that fails finds the flag.
      throw Object.assign(new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }), {
        path,
      });
    }
  }

  /** What the file no longer names is not asked any more. */
  async function closeUnused(configuration: EncryptionConfiguration): Promise<void> {
    const used = new Set(kmsServicesOf(configuration).map(idOf));
    for (const [id, provider] of services) {
      if (used.has(id)) continue;
      services.delete(id);
      await provider[Symbol.asyncDispose]();
    }
  }

  function transformerOf(configuration: EncryptionConfiguration): ValueTransformer {
    const byName = new Map(kmsServicesOf(configuration).map((kms) => [kms.name, services.get(idOf(kms))]));
    return createEncryption(configuration, (name) => byName.get(name) as KmsProvider);
  }

  const live = opened.use(await followLive({ ...deps, what: 'the encryption configuration', paths: [path], read }));
  let transformer = transformerOf(live.current());
  opened.use(
    live.onChange(() => {
      transformer = transformerOf(live.current());
      void closeUnused(live.current());
      changed();
    }),
  );
  const all = opened.move();
  return {
    isConfigured: true,
    transformer: {
      toStorage: (key, value) => transformer.toStorage(key, value),
      fromStorage: (key, stored) => transformer.fromStorage(key, stored),
      asksForKeys: () => transformer.asksForKeys(),
      prepare: (stored) => transformer.prepare(stored),
    },
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
