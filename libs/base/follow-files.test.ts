import { mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { followFiles } from './follow-files.ts';
import { createStepClock } from './step-clock.fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follow-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function follow(paths: readonly string[], load: () => Promise<void>) {
  const errors: unknown[] = [];
  const { clock, step, isSet } = createStepClock();
  const followed = await followFiles({ paths, load, clock, onError: (error) => errors.push(error) });
  return { followed, step, isSet, errors };
}

it('loads again what has changed, and nothing else', async () => {
  const path = join(folder, 'a');
  await writeFile(path, 'one');
  let loaded = 0;
  const { followed, step, isSet } = await follow([path], async () => void loaded++);
  await step();
  expect(loaded).toBe(1);
  await writeFile(path, 'three');
  await step();
  await step();
  expect(loaded).toBe(2);
  followed[Symbol.dispose]();
  expect(isSet()).toBe(false);
});

it('sees links that are exchanged, as those of a mounted Secret are, though time and size are the same', async () => {
  const path = join(folder, 'link');
  for (const name of ['one', 'two']) {
    await writeFile(join(folder, name), name);
    await utimes(join(folder, name), 1, 1);
  }
  await symlink(join(folder, 'one'), path);
  let loaded = 0;
  const { followed, step } = await follow([path], async () => void loaded++);
  await symlink(join(folder, 'two'), join(folder, 'new'));
  await rename(join(folder, 'new'), path);
  await step();
  expect(loaded).toBe(2);
  followed[Symbol.dispose]();
});

it('says once that it cannot use what has changed, and tries again when that has changed', async () => {
  const [crt, key] = [join(folder, 'crt'), join(folder, 'key')];
  await writeFile(crt, 'v1');
  await writeFile(key, 'v1');
  let good = true;
  let loaded = 0;
  const { followed, step, errors } = await follow([crt, key], async () => {
    if (!good) throw new Error('they do not belong together');
    loaded++;
  });
  good = false;
  await writeFile(crt, 'version 2');
  await step();
  await step();
  expect(errors).toHaveLength(1);
  await unlink(key);
  await step();
  await step();
  expect([errors.length, loaded]).toEqual([2, 1]);
  good = true;
  await writeFile(key, 'version 2');
  await step();
  expect([errors.length, loaded]).toEqual([2, 2]);
  followed[Symbol.dispose]();
});

it('tries again what failed for a moment, without saying so each time', async () => {
  const path = join(folder, 'a');
  await writeFile(path, 'one');
  let fails = 0;
  let loaded = 0;
  const { followed, step, errors } = await follow([path], async () => {
    if (fails-- > 0) throw new Error('too many open files');
    loaded++;
  });
  await writeFile(path, 'three');
  fails = 2;
  for (let checks = 0; checks < 4; checks++) await step();
  expect([errors.length, loaded]).toEqual([1, 2]);
  followed[Symbol.dispose]();
});

it('rejects where the first load fails', async () => {
  await expect(follow([join(folder, 'none')], () => Promise.reject(new Error('absent')))).rejects.toThrow('absent');
});
