import { createTurns } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import { joinBytes, joinTexts } from './join-parts.ts';

it('parts are joined as they are, in slices', async () => {
  let nowMs = 0;
  let turns = 0;
  const slices = createTurns({
    clock: { monotonic: () => nowMs },
    nextTurn(run) {
      turns++;
      setImmediate(run);
    },
  }).begin();
  function* parts(): Generator<string> {
    for (let index = 0; index < 100; index++) {
      nowMs += 1;
      yield `${index}é`.repeat(20_000);
    }
  }
  const bytes = await joinTexts(parts(), slices);
  expect(Buffer.from(bytes).equals(Buffer.from([...parts()].join('')))).toBe(true);
  expect(turns).toBeGreaterThan(5);
  expect([...(await joinBytes([Uint8Array.of(255), Uint8Array.of(1)], slices))]).toEqual([255, 1]);
});
