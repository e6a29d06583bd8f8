import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { createReloads, createSystemRandom } from '@kcp-ts/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEncryption } from './open-encryption.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-encryption-'));
  path = join(folder, 'encryption.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

/** Files are read by order alone. */
const still = { setTimer: () => ({ [Symbol.dispose]: () => undefined }) } as unknown as Clock;
const key = 'core/secrets/-/c1/default/a';
const keyOf = (name: string) => ({ aesgcm: { keys: [{ name, secret: Buffer.alloc(32, name).toString('base64') }] } });

async function configure(...providers: readonly object[]): Promise<void> {
  const document = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers }],
  };
  await writeFile(path, JSON.stringify(document));
}

async function open() {
  const reloads = createReloads();
  const logged: string[] = [];
  const log = {
    info: (_details: object, message: string) => void logged.push(message),
    error: (_details: object, message: string) => void logged.push(message),
  };
  const random = createSystemRandom();
  const encryption = await openEncryption({ path, folder, random, clock: still, log, reloads });
  let changes = 0;
  encryption.onChange(() => changes++);
  return { encryption, reloads, logged, changes: () => changes };
}

it('an order to reload what has not changed is no reason to write everything again', async () => {
  await configure(keyOf('one'), { identity: {} });
  const { encryption, reloads, logged, changes } = await open();
  await using _open = encryption;
  await reloads.order();
  expect([changes(), logged]).toEqual([0, []]);
  const stored = encryption.transformer?.toStorage(key, Buffer.from('{}')) ?? new Uint8Array();
  await configure(keyOf('two'), keyOf('one'));
  await reloads.order();
  await reloads.order();
  expect([changes(), logged]).toEqual([1, ['the encryption configuration changed and what is new is in use']]);
  expect(encryption.transformer?.fromStorage(key, stored)).toMatchObject({ stale: true });
  const now = encryption.transformer?.toStorage(key, Buffer.from('{}')) ?? new Uint8Array();
  expect(Buffer.from(now).toString('latin1')).toContain('k8s:enc:aesgcm:v1:two:');
});

it('names the file, and the service that does not answer', async () => {
  await writeFile(path, 'kind: Config');
  await expect(open()).rejects.toMatchObject({ message: `${path}: kind: must be EncryptionConfiguration`, path });
  const endpoint = `unix://${join(folder, 'none.sock')}`;
  await configure({ kms: { apiVersion: 'v2', name: 'vault', endpoint, timeout: '1s' } });
  const why = `${path}: KMS vault does not answer at ${endpoint}: `;
  await expect(open()).rejects.toMatchObject({ message: expect.stringContaining(why), path });
});
