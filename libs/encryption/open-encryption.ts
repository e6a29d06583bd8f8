/** `--encryption-provider-config`: the file, followed while the process runs, with its services. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FollowDependencies, Random } from '@kcp-ts/base';
import { followLive } from '@kcp-ts/base';
import type { ValueTransformer } from '@kcp-ts/storage';
import type { KmsConfiguration } from './configuration.ts';
import { parseEncryptionConfiguration } from './configuration.ts';
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
  return deps.path === '' ? notEncrypted : followEncryption(deps);
}

const notEncrypted: Encryption = {
  isConfigured: false,
  transformer: undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function followEncryption(deps: EncryptionDependencies): Promise<Encryption> {
  const { path, folder, clock, random, log } = deps;
  await using opened = new AsyncDisposableStack();
  const services = new Map<string, KmsProvider>();
  const listeners = new Set<() => void>();

  async function openService(kms: KmsConfiguration): Promise<KmsProvider> {
    const id = `${kms.name} ${kms.socket} ${kms.timeoutMs}`;
    const known = services.get(id);
    if (known !== undefined) return known;
    const provider = opened.use(
      await openKmsProvider(kms, {
        clock,
        sources: await openSourceFile(join(folder, `kms-${encodeURIComponent(kms.name)}.seeds`)),
        randomBytes: (count) => random.bytes(count),
        onRotated: changed,
        onError: (err) =>
          log.error({ err, kms: kms.name }, 'the key management service does not answer; its last key stays in use'),
      }),
    );
    services.set(id, provider);
    return provider;
  }

  function changed(): void {
    for (const listener of [...listeners]) listener();
  }

  async function read(): Promise<ValueTransformer> {
    const configuration = parseEncryptionConfiguration(await readFile(path, 'utf8'));
    const byName = new Map<string, KmsProvider>();
    for (const { providers } of configuration) {
      for (const provider of providers)
        if (provider.kind === 'kms') byName.set(provider.kms.name, await openService(provider.kms));
    }
    return createEncryption(configuration, (name) => byName.get(name) as KmsProvider);
  }

  const live = opened.use(await followLive({ ...deps, what: 'the encryption configuration', paths: [path], read }));
  opened.use(live.onChange(changed));
  const all = opened.move();
  return {
    isConfigured: true,
    transformer: {
      toStorage: (key, value) => live.current().toStorage(key, value),
      fromStorage: (key, stored) => live.current().fromStorage(key, stored),
      prepare: (stored) => live.current().prepare(stored),
    },
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
