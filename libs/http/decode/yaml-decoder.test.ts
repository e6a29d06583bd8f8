import { createSystemClock, createSystemTurns } from '@kcp-ts/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { YamlDecoder } from './yaml-decoder.ts';
import { createYamlDecoder } from './yaml-decoder.ts';

const clock = createSystemClock();
const megabyte = 1024 * 1024;
let decoder: YamlDecoder;

beforeEach(() => {
  decoder = createYamlDecoder({ clock });
});

afterEach(() => decoder[Symbol.dispose]());

const decode = (text: string, user = 'ann') =>
  decoder.decode(
    Buffer.from(text),
    { strict: true, kind: 'Widget' },
    { user, bytesMax: 3 * megabyte, slices: createSystemTurns(clock).begin() },
  );

/** As a definition of many fields: so many lines. */
const lines = (count: number) =>
  `spec:\n${Array.from({ length: count }, (_, i) => `  - name: "field ${i}"\n`).join('')}`;

/**
 * The longest time, in milliseconds of this thread's CPU, that one turn of the event loop takes
 * meanwhile.
 */
async function longestTurn(during: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = process.threadCpuUsage();
  const timer = setInterval(() => {
    const used = process.threadCpuUsage(last);
    longest = Math.max(longest, (used.user + used.system) / 1_000);
    last = process.threadCpuUsage();
  }, 1);
  await during();
  clearInterval(timer);
  return longest;
}

describe('a YAML body', () => {
  it('of a definition of 16,000 lines and of three megabytes is read as JSON would be', async () => {
    for (const text of [lines(16_000), `text: "${'x'.repeat(3 * megabyte - 100)}"`]) {
      const { value, duplicates, again } = await decode(text);
      expect(duplicates).toEqual([]);
      expect(again()).toEqual(value);
      expect(JSON.stringify(value).length).toBeGreaterThan(text.length / 2);
    }
  });

  it('of 100,000 lines holds the event loop no longer than its JSON takes to parse', async () => {
    await decode(lines(1_000));
    const text = lines(100_000);
    expect(await longestTurn(() => decode(text))).toBeLessThan(60);
  });

  it('is refused in the same words, short or long, and its doubled keys are reported', async () => {
    for (const rest of ['', lines(2_000)]) {
      await expect(decode(`a: [\n${rest}`)).rejects.toMatchObject({ code: 400, reason: 'BadRequest' });
      expect((await decode(`a: 1\na: 2\n${rest}`)).duplicates).toEqual(['a']);
    }
  });

  it.each([
    ['dashes', '- '.repeat(1_500_000)],
    ['lines', 'a: 1\n'.repeat(600_000)],
    ['aliases', `- &a b\n${'- *a\n'.repeat(190_000)}`],
    ['merges', `a: &a {b: 1}\n${'c: {<<: *a}\n'.repeat(90_000)}`],
    ['aliases that multiply', `a: &a "${'x'.repeat(100_000)}"\nb: [${'*a,'.repeat(70)}]\n`],
  ])(
    'of megabytes of %s is read or refused in bounded time and memory, and the next one is read',
    async (_name, text) => {
      const answer = await decode(text).then(
        () => 200,
        ({ code }: { code: number }) => code,
      );
      expect([200, 400, 413]).toContain(answer);
      expect((await decode(lines(1_000))).value).toHaveProperty('spec');
    },
  );

  it('that takes longer than it may is refused', async () => {
    decoder[Symbol.dispose]();
    decoder = createYamlDecoder({ clock, jobMs: 1 });
    const late = decode(lines(100_000));
    await expect(late).rejects.toMatchObject({ code: 413 });
  });

  it('waits behind one body of each other user, not behind all of theirs', async () => {
    const order: string[] = [];
    const as = (user: string, count: number) => decode(lines(count), user).then(() => order.push(user));
    await Promise.all([as('ann', 20_000), as('ann', 20_000), as('ann', 20_000), as('bob', 2_000)]);
    expect(order.slice(0, 2)).toContain('bob');
  });

  it('is refused with 429 while too many wait, and none of a user is lost', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => decode(lines(1_000))));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused.length).toBe(3);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 429 });
  });
});
