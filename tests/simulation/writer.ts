/**
 * Writes, deletes and reads a few objects of one shard, with and without expecting what is there.
 */
import type { Operation } from '@kcp-ts/storage';
import { contentPrefix, copiedPrefix } from './feeds.ts';
import type { Requester } from './requester.ts';
import type { Simulation } from './simulation.ts';

const keys = 5;
/** More than a message of the bus carries. */
const largeBytes = 3_000;

export function startWriter(
  { time, chance }: Simulation,
  requesters: readonly Requester[],
  shard: string,
  untilMs: number,
): void {
  let count = 0;

  async function act(): Promise<void> {
    const requester = chance.pick(requesters);
    if (requester === undefined) return;
    const prefix = chance.happens(0.75) ? contentPrefix : copiedPrefix;
    const key = `${prefix}${shard}//${chance.integer(keys)}`;
    const how = chance.fraction();
    const entry = how < 0.5 ? await requester.get(shard, key) : undefined;
    if (how < 0.2) return;
    const expect = how >= 0.5 ? 'any' : (entry?.revision ?? 'absent');
    if (chance.happens(0.3)) {
      await requester.commit(shard, [{ op: 'delete', key, expect: expect === 'absent' ? 'any' : expect }], []);
      return;
    }
    const id = `${shard}-${++count}`;
    const value = Buffer.from(chance.happens(0.05) ? id.padEnd(largeBytes) : id);
    const operations: Operation[] = [{ op: 'put', key, expect, value: () => value }];
    await requester.commit(shard, operations, [id]);
  }

  function again(): void {
    if (time.now() > untilMs) return;
    void act();
    time.after(chance.happens(0.2) ? chance.between(0, 3) : chance.between(50, 500), again);
  }
  time.after(chance.between(0, 300), again);
}
