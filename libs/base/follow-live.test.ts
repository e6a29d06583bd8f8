import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { followLive } from './follow-live.ts';
import { createReloads } from './reloads.ts';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'follow-live-')), 'password');
});
afterEach(() => rm(join(path, '..'), { recursive: true }));

/** Nothing happens but by order. */
const still = { setTimer: () => ({ [Symbol.dispose]: () => undefined }) } as unknown as Clock;

async function follow() {
  const reloads = createReloads();
  const logged: string[] = [];
  const log = {
    info: (_details: object, message: string) => void logged.push(message),
    error: (_details: object, message: string) => void logged.push(message),
  };
  const live = await followLive({
    what: 'the password',
    paths: [path, ''],
    clock: still,
    log,
    reloads,
    async read() {
      const text = await readFile(path, 'utf8');
      if (text === '') throw new Error('it is empty');
      return { text };
    },
  });
  let changes = 0;
  live.onChange(() => changes++);
  return { live, reloads, logged, changes: () => changes };
}

it('an order to reload takes what is new, and tells of it once', async () => {
  await writeFile(path, 'one');
  const { live, reloads, logged, changes } = await follow();
  await reloads.order();
  expect([live.current(), changes(), logged]).toEqual([{ text: 'one' }, 0, []]);
  await writeFile(path, 'two');
  await reloads.order();
  await reloads.order();
  expect([live.current(), changes()]).toEqual([{ text: 'two' }, 1]);
  expect(logged).toEqual(['the password changed and what is new is in use']);
});

it('what cannot be used is told of, and what was there before stays in use', async () => {
  await writeFile(path, 'one');
  const { live, reloads, logged, changes } = await follow();
  await writeFile(path, '');
  await reloads.order();
  expect([live.current(), changes()]).toEqual([{ text: 'one' }, 0]);
  expect(logged).toEqual(['the password changed and what is new cannot be used']);
  live[Symbol.dispose]();
  await writeFile(path, 'two');
  await reloads.order();
  expect(live.current()).toEqual({ text: 'one' });
});

it('what cannot be used at the start is an error', async () => {
  await writeFile(path, '');
  await expect(follow()).rejects.toThrow('it is empty');
});
