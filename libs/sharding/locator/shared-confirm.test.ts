import { expect, it } from 'vitest';
import { sharedConfirm } from './shared-confirm.ts';

it('asks once for all who ask while it is asked, and once more for those who came too late for that', async () => {
  const asked: PromiseWithResolvers<boolean>[] = [];
  const confirm = sharedConfirm(() => {
    const answer = Promise.withResolvers<boolean>();
    asked.push(answer);
    return answer.promise;
  });
  const first = confirm();
  const later = Array.from({ length: 100 }, confirm);
  expect(asked.length).toBe(1);
  asked[0]?.resolve(true);
  expect(await first).toBe(true);
  await Promise.resolve();
  expect(asked.length).toBe(2);
  const latest = confirm();
  asked[1]?.resolve(false);
  expect(await Promise.all(later)).toEqual(later.map(() => false));
  await Promise.resolve();
  expect(asked.length).toBe(3);
  asked[2]?.resolve(true);
  expect(await latest).toBe(true);
  const alone = confirm();
  expect(asked.length).toBe(4);
  asked[3]?.resolve(true);
  expect(await alone).toBe(true);
});

it('takes a failure for no confirmation', async () => {
  const confirm = sharedConfirm(() => Promise.reject(new Error('no shard')));
  expect(await Promise.all([confirm(), confirm()])).toEqual([undefined, undefined]);
});
