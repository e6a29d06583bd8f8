import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStepClock } from '@kcp-ts/base/step-clock';
import { createLogger } from '@kcp-ts/observability';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { followServingFiles } from './follow-serving-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serving-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const log = createLogger(0);
const tlsOf = (certificate: string) => ({ certificate, privateKey: 'key', clientCa: undefined });

it('reads the files once at the start, and hands on what they say when they have changed', async () => {
  const { clock, step } = createStepClock();
  const tlsCertFile = join(folder, 'tls.crt');
  await writeFile(tlsCertFile, 'first');
  let says = 'first';
  let reads = 0;
  const read = () => {
    reads++;
    return says === 'broken' ? Promise.reject(new Error('no certificate')) : Promise.resolve(tlsOf(says));
  };
  using files = await followServingFiles(
    { tlsCertFile, tlsPrivateKeyFile: '', clientCaFile: '' },
    { clock, log },
    read,
  );
  expect([files.tls(), reads]).toEqual([tlsOf('first'), 1]);

  const taken: string[] = [];
  files.follow(({ certificate }) => taken.push(String(certificate)));
  await step();
  expect([taken, reads]).toEqual([[], 1]);

  says = 'broken';
  await writeFile(tlsCertFile, 'broken');
  await step();
  expect([taken, files.tls()]).toEqual([[], tlsOf('first')]);

  says = 'renewed';
  await writeFile(tlsCertFile, 'renewed certificate');
  await step();
  expect([taken, files.tls()]).toEqual([['renewed'], tlsOf('renewed')]);
});

it('rejects where they cannot be used at the start', async () => {
  const { clock, isSet } = createStepClock();
  const none = { tlsCertFile: '', tlsPrivateKeyFile: '', clientCaFile: '' };
  const read = () => Promise.reject(new Error('no certificate'));
  await expect(followServingFiles(none, { clock, log }, read)).rejects.toThrow('no certificate');
  expect(isSet()).toBe(false);
});
