import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcError } from '@kcp-ts/rpc';
import { createManualClock } from '@kcp-ts/storage/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DecryptionError } from '../provider.ts';
import type { KmsDependencies, KmsProvider } from './kms-provider.ts';
import { openKmsProvider } from './kms-provider.ts';
import type { TestKms } from './kms-server.fixture.ts';
import { startTestKms } from './kms-server.fixture.ts';
import { openSourceFile } from './source-file.ts';

const key = 'core/secrets/-/c1/default/a';
const hidden = Buffer.from('{"data":{"password":"c2VjcmV0LXRleHQ="}}');

let folder: string;
let kms: TestKms;
let rotated: number;
beforeEach(async () => {
  rotated = 0;
  folder = await mkdtemp(join(tmpdir(), 'kms-'));
  kms = await startTestKms(join(folder, 'kms.sock'));
});
afterEach(async () => {
  await kms[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const fileOf = (name: string) => join(folder, `${name}.seeds`);

async function open(name: string, more: Partial<KmsDependencies> = {}): Promise<KmsProvider> {
  return openKmsProvider(
    { name: 'test', socket: kms.socket, timeoutMs: 3_000 },
    {
      clock: createManualClock(),
      sources: await openSourceFile(fileOf(name)),
      randomBytes,
      onRotated: () => void rotated++,
      onError(error) {
        throw error;
      },
      ...more,
    },
  );
}

it('asks the service for a key, and never for a value', async () => {
  await using provider = await open('one');
  for (let i = 0; i < 100; i++) {
    const stored = provider.encrypt(hidden, key);
    expect(Buffer.from(stored).includes('password')).toBe(false);
    expect(Buffer.from(provider.decrypt(stored, key))).toEqual(hidden);
  }
  expect(kms.calls).toEqual({ status: 1, encrypt: 1, decrypt: 0 });
});

it('derives another key for each value, bound to the storage key', async () => {
  await using provider = await open('one');
  const stored = provider.encrypt(hidden, key);
  expect(Buffer.from(stored).equals(provider.encrypt(hidden, key))).toBe(false);
  expect(() => provider.decrypt(stored, 'core/secrets/-/c2/default/a')).toThrow(DecryptionError);
});

it('goes on with its seed after a restart, and reads what was stored before', async () => {
  let stored: Uint8Array;
  {
    await using before = await open('one');
    stored = before.encrypt(hidden, key);
  }
  // A crash while a line was written: it was never used.
  await appendFile(fileOf('one'), '{"ciphertext":"aaaa');
  {
    await using after = await open('one');
    expect(Buffer.from(after.decrypt(stored, key))).toEqual(hidden);
    expect(after.isCurrent?.(stored)).toBe(true);
    expect(kms.calls).toMatchObject({ encrypt: 1, decrypt: 1 });
    kms.rotate();
    await after.refresh();
  }
  await using later = await open('one');
  expect(Buffer.from(later.decrypt(stored, key))).toEqual(hidden);
});

it('reads what another process has stored, once it was asked for, and after a restart', async () => {
  await using owner = await open('owner');
  const stored = owner.encrypt(hidden, key);
  {
    await using standby = await open('standby');
    expect(() => standby.decrypt(stored, key)).toThrow('was not asked of KMS test');
    await standby.prepare?.(stored);
    await standby.prepare?.(stored);
    expect(Buffer.from(standby.decrypt(stored, key))).toEqual(hidden);
    expect(kms.calls.decrypt).toBe(1);
  }
  await using again = await open('standby');
  expect(Buffer.from(again.decrypt(stored, key))).toEqual(hidden);
});

it('takes another key when the service has rotated it, and says what is to be written again', async () => {
  await using provider = await open('one');
  const former = provider.encrypt(hidden, key);
  await provider.refresh();
  expect(rotated).toBe(0);
  kms.rotate();
  await provider.refresh();
  expect(rotated).toBe(1);
  const next = provider.encrypt(hidden, key);
  expect([provider.isCurrent?.(former), provider.isCurrent?.(next)]).toEqual([false, true]);
  expect(Buffer.from(provider.decrypt(former, key))).toEqual(hidden);
});

it('notes a key of another process once the service knows it, and not as an error of etcd', async () => {
  await using owner = await open('owner');
  await using standby = await open('standby');
  kms.rotate();
  await owner.refresh();
  const stored = owner.encrypt(hidden, key);
  const noted = () => readFile(fileOf('standby'), 'utf8');
  const before = await noted();
  kms.forget();
  kms.rotate();
  kms.forget();
  const refused = await Promise.resolve(standby.prepare?.(stored)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  expect(refused).not.toBeInstanceOf(RpcError);
  expect(await noted()).toBe(before);
});

it('is not opened while the service does not work', async () => {
  kms.healthz = 'the token is sealed';
  await expect(open('one')).rejects.toThrow('KMS test does not work: the token is sealed');
});

it('is opened where the service has lost a key, and reads what was stored with another', async () => {
  let former: Uint8Array;
  let stored: Uint8Array;
  {
    await using before = await open('one');
    former = before.encrypt(hidden, key);
    kms.rotate();
    await before.refresh();
    stored = before.encrypt(hidden, key);
  }
  kms.forget();
  const errors: unknown[] = [];
  await using after = await open('one', {
    onError(error) {
      errors.push(error);
      return undefined;
    },
  });
  expect(errors.map(String)).toEqual([expect.stringContaining('no key key-1')]);
  expect(Buffer.from(after.decrypt(stored, key))).toEqual(hidden);
  expect(() => after.decrypt(former, key)).toThrow(DecryptionError);
});
