import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReloads } from '@kcp-ts/base';
import { createStepClock } from '@kcp-ts/base/step-clock';
import { createLogger } from '@kcp-ts/observability';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openServiceAccountKeys } from './service-account-key-files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sa-keys-'));
});
afterEach(() => rm(root, { recursive: true }));

const log = createLogger(0);
const privatePem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicOf = (pem: string) => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

async function open({ files = [] as readonly string[], signing = '' } = {}) {
  const { clock, step } = createStepClock();
  const options = { rootDirectory: root, serviceAccountKeyFile: files, serviceAccountSigningKeyFile: signing };
  return { keys: await openServiceAccountKeys(options, { clock, log }), step };
}

async function write(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(path, text);
  return path;
}

describe('keys of service account tokens', () => {
  it('are made in the root directory for its owner only, and found again', async () => {
    using first = (await open()).keys;
    expect((await readdir(root)).sort()).toEqual(['sa.key', 'sa.pub']);
    for (const name of await readdir(root)) expect((await stat(join(root, name))).mode & 0o777).toBe(0o600);
    using again = (await open()).keys;
    expect(again.current().signing.id).toBe(first.current().signing.id);
    expect(await readFile(join(root, 'sa.pub'), 'utf8')).toBe(publicOf(await readFile(join(root, 'sa.key'), 'utf8')));
  });

  it('are those of the files, the first of which signs, or another one', async () => {
    const [one, two, three] = [privatePem(), privatePem(), privatePem()];
    const files = [await write('one.key', one), await write('more.pub', `${publicOf(two)}${publicOf(three)}`)];
    using keys = (await open({ files })).keys;
    expect([...keys.current().verifying.keys()][0]).toBe(keys.current().signing.id);
    expect(keys.current().verifying.size).toBe(3);
    using signing = (await open({ files, signing: await write('two.key', two) })).keys;
    expect(signing.current().signing.id).not.toBe(keys.current().signing.id);
    expect(signing.current().verifying.size).toBe(3);
    await expect(open({ files: files.slice(1) })).rejects.toThrow(
      `${join(root, 'more.pub')} has no private key in PEM that can be used`,
    );
  });

  it('are exchanged when their files are, and stay as they are where those cannot be used', async () => {
    const [former, next] = [privatePem(), privatePem()];
    const signing = await write('sign.key', former);
    const verifying = await write('verify.pem', publicOf(former));
    const { keys, step } = await open({ files: [verifying], signing });
    const formerId = keys.current().signing.id;
    await write('verify.pem', `${publicOf(former)}${publicOf(next)}`);
    await step();
    expect([keys.current().signing.id, keys.current().verifying.size]).toEqual([formerId, 2]);
    await write('sign.key', 'not a key at all');
    await step();
    expect(keys.current().signing.id).toBe(formerId);
    await write('sign.key', `${next}\n`);
    await step();
    expect(keys.current().signing.id).not.toBe(formerId);
    expect(keys.current().verifying.has(formerId)).toBe(true);
    await write('verify.pem', publicOf(next));
    await step();
    expect(keys.current().verifying.has(formerId)).toBe(false);
    keys[Symbol.dispose]();
  });

  it('are the same after an order to reload files that have not changed', async () => {
    const signing = await write('sign.key', privatePem());
    const reloads = createReloads();
    const options = { rootDirectory: root, serviceAccountKeyFile: [], serviceAccountSigningKeyFile: signing };
    using keys = await openServiceAccountKeys(options, { clock: createStepClock().clock, log, reloads });
    const before = keys.current();
    await reloads.order();
    expect(keys.current()).toBe(before);
    await write('sign.key', privatePem());
    await reloads.order();
    expect(keys.current()).not.toBe(before);
  });

  it.each(['', 'broken'])('of a file that says %j are refused with its name, and it is left', async (content) => {
    await mkdir(root, { recursive: true });
    const path = await write('sa.key', content);
    await expect(open()).rejects.toThrow(`${path} has no private key in PEM`);
    await expect(open({ files: [path] })).rejects.toThrow(`${path} has no private key in PEM`);
    expect(await readFile(path, 'utf8')).toBe(content);
  });
});
