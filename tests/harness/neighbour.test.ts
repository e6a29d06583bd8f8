import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NeighbourTarget } from './neighbour.ts';
import { expectNoStall, peakBytes, resetPeak, waitsDuring } from './neighbour.ts';
import { configMap, configMapsOf, done, makeWorkspace } from './objects.ts';
import type { TestServer } from './server.ts';
import { spawnServer, startServer } from './server.ts';

let server: TestServer;
let target: NeighbourTarget;

beforeAll(async () => {
  server = await startServer();
  const { path } = await makeWorkspace(server.admin, 'root', 'neighbour', {
    type: { path: 'root', name: 'universal' },
  });
  await done(server.admin.post(configMapsOf(path), configMap('one')));
  target = { url: server.url, ca: server.ca, token: server.adminToken, path: `${configMapsOf(path)}/one` };
});

afterAll(() => server[Symbol.asyncDispose]());

/** The server is in this process, so this holds it as well. */
async function hold(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const end = performance.now() + ms; performance.now() < end; );
}

it('a neighbour sees that the server was held', async () => {
  const waits = await waitsDuring(target, () => hold(300));
  expect(waits.maxMs).toBeGreaterThan(250);
  expect(waits.refused).toBe(0);
  await expect(expectNoStall(target, () => hold(300))).rejects.toThrow(/waited too long/);
});

it('a server that tells of a turn of 100 ms fails where its neighbour waits for no longer, and one whose machine is slow does not', async () => {
  const tells = (turnMs: number) => ({ longestTurn: async () => turnMs });
  await expect(expectNoStall(target, () => hold(100), tells(100))).rejects.toThrow(/longest turn of the server 100 ms/);
  await expectNoStall(target, () => hold(100), tells(10));
  await expect(expectNoStall(target, () => hold(400), tells(10))).rejects.toThrow(/waited too long/);
});

it('a spawned server tells how long its longest turn was', async () => {
  await using spawned = await spawnServer();
  expect(await spawned.longestTurn?.()).toBeGreaterThan(20);
  expect(await spawned.longestTurn?.()).toBeLessThan(20);
});

it('a neighbour of nobody waits for nothing', () => expectNoStall(target, async () => undefined));

it('a peak is the most memory since it was reset', async () => {
  await resetPeak(process.pid);
  const before = await peakBytes(process.pid);
  Buffer.alloc(200 * 1024 * 1024, 1);
  expect((await peakBytes(process.pid)) - before).toBeGreaterThan(150 * 1024 * 1024);
});
