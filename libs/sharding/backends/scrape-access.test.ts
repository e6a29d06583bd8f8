import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { createScrapeAccess } from './scrape-access.ts';

function set(statusOf: (authorization: string) => number, shards: readonly string[] = ['https://a', 'https://b']) {
  const asked: string[] = [];
  const bodies: Readable[] = [];
  let nowMs = 0;
  const access = createScrapeAccess({
    shards: () => shards,
    clock: { monotonic: () => nowMs },
    backends: {
      request: (url, path, { authorization }) => {
        asked.push(`${url}${path} ${authorization}`);
        const body = new Readable({ read: () => undefined });
        bodies.push(body);
        const status = statusOf(String(authorization));
        return status === 0 ? Promise.reject(new Error('gone')) : Promise.resolve({ status, headers: {}, body });
      },
    },
  });
  return {
    access,
    asked,
    bodies,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

it('asks a shard with the token itself, and takes its word for a while', async () => {
  let status = 200;
  const { access, asked, bodies, pass } = set(() => status);
  expect(await access('Bearer a')).toBeUndefined();
  expect(await access('Bearer a')).toBeUndefined();
  expect(asked).toEqual(['https://a/metrics Bearer a']);
  expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
  // The right was taken away.
  status = 403;
  pass(29_000);
  expect(await access('Bearer a')).toBeUndefined();
  pass(2_000);
  expect(await access('Bearer a')).toMatchObject({ code: 403 });
  expect(await access('Bearer a')).toMatchObject({ code: 403 });
  expect(asked).toHaveLength(2);
});

it.each([
  [401, 401],
  [403, 403],
  [404, 401],
  [302, 401],
  [500, 503],
  [0, 503],
])('says no where a shard answers %i: %i', async (status, code) => {
  const { access } = set(() => status);
  expect(await access('Bearer a')).toMatchObject({ code });
});

it('one token never speaks for another, and nobody does where no shard is alive', async () => {
  const { access } = set((authorization) => (authorization === 'Bearer a' ? 200 : 401));
  expect(await access('Bearer a')).toBeUndefined();
  expect(await access('Bearer b')).toMatchObject({ code: 401 });
  expect(await set(() => 200, []).access('Bearer a')).toMatchObject({ code: 503 });
});

it('asks once for those who ask at the same time, and bounds the questions under way', async () => {
  const { access, asked } = set(() => 401);
  const same = await Promise.all([access('Bearer a'), access('Bearer a')]);
  expect([same.map((error) => error?.code), asked.length]).toEqual([[401, 401], 1]);
  const many = await Promise.all(Array.from({ length: 10 }, (_, i) => access(`Bearer ${i}`)));
  expect(many.map((error) => error?.code)).toEqual([401, 401, 401, 401, 429, 429, 429, 429, 429, 429]);
});
