/**
 * Microseconds that encryption at rest adds to a write and a read of an object of one kilobyte, as
 * JSON lines: `node libs/encryption/encryption.bench.ts`.
 */
import { randomBytes } from 'node:crypto';
import type { ValueTransformer } from '@kcp-ts/storage';
import type { ProviderConfiguration } from './configuration.ts';
import { createEncryption } from './create-encryption.ts';
import { createSeed, seedBytes } from './kms/seeds.ts';

const rounds = 200_000;
const key = 'core/secrets/-/c1/default/a';
const value = Buffer.from(JSON.stringify({ data: { text: randomBytes(700).toString('base64') } }));

function perRound(run: () => unknown): number {
  for (let round = 0; round < rounds / 10; round++) run();
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) run();
  return Number((process.cpuUsage(start).user / rounds).toFixed(2));
}

function measure(bench: string, { toStorage, fromStorage }: Pick<ValueTransformer, 'toStorage' | 'fromStorage'>): void {
  const stored = toStorage(key, value);
  const writeUs = perRound(() => toStorage(key, value));
  const readUs = perRound(() => fromStorage(key, stored));
  process.stdout.write(`${JSON.stringify({ bench, bytes: value.length, writeUs, readUs })}\n`);
}

for (const kind of ['identity', 'aesgcm', 'aescbc', 'secretbox'] as const) {
  const provider: ProviderConfiguration =
    kind === 'identity' ? { kind } : { kind, keys: [{ name: 'key1', secret: randomBytes(32) }] };
  const encryption = createEncryption([{ resources: ['secrets'], providers: [provider] }], () => {
    throw new Error('no key management service is configured');
  });
  measure(kind, encryption);
}
const seed = createSeed(randomBytes(seedBytes));
measure('kms, without its envelope', {
  toStorage: (storageKey, plain) => seed.encrypt(plain, storageKey),
  fromStorage: (storageKey, stored) => ({ value: seed.decrypt(stored, storageKey), stale: undefined }),
});
