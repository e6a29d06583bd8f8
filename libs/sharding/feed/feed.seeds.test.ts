/**
 * Feeds under faults drawn from a seed: messages lost, doubled, held and let out in another order,
 * shards that do not answer, begin again, come and go. Whatever happened, a view is what the stores
 * are soon after it has ended, and it never received anything of a shard that had been taken back.
 */
import { createMemoryStore } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { feedSeeds } from './config.ts';
import type { Installation, TestShard } from './feed.fixture.ts';
import { createInstallation, exportKey, prefixes, put, remove, turns } from './feed.fixture.ts';

/** A small generator of numbers below a bound (mulberry32): the same for the same seed. */
function drawFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const steps = 40;
const names = ['a', 'b', 'c', 'd', 'e', 'f'];

function keyOf(shard: TestShard, draw: (below: number) => number): string {
  return exportKey(names[draw(names.length)] ?? 'a', shard.record.name);
}

async function step(installation: Installation, draw: (below: number) => number, at: number): Promise<void> {
  const { bus, shards } = installation;
  const shard = shards[draw(shards.length)];
  if (shard === undefined) return;
  const kind = draw(24);
  if (kind < 8) await put(shard.store, keyOf(shard, draw), `${at} ${'x'.repeat(draw(6) === 0 ? 9_000 : 3)}`);
  else if (kind < 11) await remove(shard.store, keyOf(shard, draw));
  else if (kind === 11) bus.mode = 'drop';
  else if (kind === 12) bus.mode = 'hold';
  else if (kind < 15) bus.release((held) => held.toSorted(() => draw(3) - 1));
  else if (kind === 15) bus.release((held) => [...held, ...held]);
  else if (kind === 16) shard.up = !shard.up;
  else if (kind === 17) await shard.restart();
  else if (kind === 18) {
    // Whatever a store is restored to, time has gone by since.
    installation.clock.advance(50);
    await shard.restart(createMemoryStore({ clock: installation.clock }));
  } else if (kind === 19) bus.gap();
  else if (kind === 20 && shards.length < 4) installation.addShard(`late-${at}`);
  else if (kind === 21 && shards.length > 2) installation.removeShard(shard.record.name);
  else if (kind === 22) await installation.second();
  else await turns(draw(4));
}

function truth({ shards }: Installation): Record<string, string> {
  const entries = shards.flatMap(({ store }) => prefixes.flatMap((prefix) => store.scan({ prefix }, 10_000)));
  return Object.fromEntries(entries.map(({ key, value }) => [key, Buffer.from(value).toString()]));
}

async function run(seed: number): Promise<void> {
  const draw = drawFrom(seed);
  await using installation = await createInstallation(['alpha', 'beta']);
  for (let at = 0; at < steps; at++) await step(installation, draw, at);
  // It ends: everything answers, and nothing is lost any more.
  installation.bus.release();
  for (const shard of installation.shards) shard.up = true;
  for (let second = 0; second < 6; second++) await installation.second();
  expect(installation.values()).toEqual(truth(installation));
  expect(await installation.feedConsumer.catchUp()).toBe(true);
}

it(`a view is what the shards are, soon after any faults (${feedSeeds.count} seeds)`, async () => {
  for (let seed = feedSeeds.from; seed < feedSeeds.from + feedSeeds.count; seed++) {
    await run(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed} (replay: KCP_SIMULATION_FROM=${seed} KCP_SIMULATION_SEEDS=1)`, { cause: error });
    });
  }
}, 120_000);
