import { createSystemClock } from '@kcp-ts/base';
import { createMemoryStore } from '@kcp-ts/storage';
import { patience } from '@kcp-ts/testing';
import { expect, it, vi } from 'vitest';
import { askTestShard, composeTestShard } from './shard.fixture.ts';

it('tells of the work queue of every controller on its metrics page, as client-go names it', async () => {
  const clock = createSystemClock();
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({ store, clock });
  await using asked = await askTestShard(shard, clock);
  const { body } = await asked.get('/metrics');
  const controllers = [...body.matchAll(/^workqueue_depth\{name="([^"]+)"\}/gm)].map(([, name]) => name);
  expect(controllers).toContain('apibinding');
  expect(new Set(controllers).size).toBe(controllers.length);
  const series = [
    ...['adds_total', 'retries_total', 'unfinished_work_seconds', 'longest_running_processor_seconds'],
    ...['queue_duration_seconds_count', 'work_duration_seconds_count'],
  ];
  for (const name of series)
    for (const controller of controllers) expect(body).toContain(`\nworkqueue_${name}{name="${controller}"} `);
  // After a start it looks at every workspace.
  await vi.waitFor(async () => {
    const page = (await asked.get('/metrics')).body;
    expect(Number(/^workqueue_adds_total\{name="default-bindings"\} (\d+)$/m.exec(page)?.[1])).toBeGreaterThan(0);
  }, patience);
});
