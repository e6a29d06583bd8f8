/**
 * What reads, commits and catching up cost in each engine. Run with `node
 * libs/storage/store.bench.ts`; one line of JSON for each figure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Revision } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { openLmdbStore } from './lmdb/lmdb-store.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import type { Store } from './store.ts';

const payload = Buffer.alloc(1_000, 'x');
const clock = createSystemClock();

async function measure(engine: string, what: string, count: number, run: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = clock.monotonic();
  await run();
  const wallMs = clock.monotonic() - started;
  const used = process.cpuUsage(cpu);
  const figures = {
    engine,
    what,
    count,
    wallMicroseconds: round((wallMs * 1000) / count),
    cpuMicroseconds: round((used.user + used.system) / count),
    perSecond: Math.round((count * 1000) / wallMs),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function keyOf(resource: string, number: number): string {
  return `core/${resource}/-/cluster${number % 10}/default/object-${String(number).padStart(7, '0')}`;
}

async function createMany(store: Store, resource: string, count: number, inFlight: number): Promise<void> {
  let next = 0;
  async function client(): Promise<void> {
    for (let number = next++; number < count; number = next++) {
      await store.commit([{ op: 'put', key: keyOf(resource, number), expect: 'absent', value: () => payload }]);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, client));
}

async function benchEngine(engine: string, store: Store): Promise<void> {
  const start = store.currentRevision();
  for (const [inFlight, count] of [
    [1, 1_000],
    [32, 20_000],
    [256, 40_000],
  ] as const)
    await measure(engine, `create, ${inFlight} in flight`, count, () =>
      createMany(store, `kind${inFlight}`, count, inFlight),
    );
  await measure(engine, 'update, 32 in flight', 10_000, () => updateMany(store, 10_000));
  await measure(engine, 'get', 200_000, async () => {
    for (let round = 0; round < 200_000; round++) store.get(keyOf('kind32', round % 20_000));
  });
  await measure(engine, 'list of 500', 500, async () => {
    for (let round = 0; round < 500; round++) await store.list({ prefix: 'core/kind32/-/' }, { limit: 500 });
  });
  await measure(engine, 'list of 500, 5,000 events ago', 50, async () => {
    const at = await revisionBack(store, 5_000);
    for (let round = 0; round < 50; round++) await store.list({ prefix: 'core/kind32/-/' }, { limit: 500, at });
  });
  await measure(engine, 'history of one resource, per event', 20_000, () =>
    readHistory(store, 'core/kind32/-/', start),
  );
  await measure(engine, 'history of one cluster of it, per event', 2_000, () =>
    readHistory(store, 'core/kind32/-/cluster3/', start),
  );
}

async function updateMany(store: Store, count: number): Promise<void> {
  let next = 0;
  async function client(): Promise<void> {
    for (let number = next++; number < count; number = next++)
      await store.commit([{ op: 'put', key: keyOf('kind32', number), expect: 'any', value: () => payload }]);
  }
  await Promise.all(Array.from({ length: 32 }, client));
}

async function revisionBack(store: Store, count: number): Promise<Revision> {
  const revisions: Revision[] = [];
  for await (const events of store.history({ prefix: '' }, store.floor(), store.currentRevision()))
    revisions.push(...events.map((event) => event.revision));
  return revisions.at(-count) ?? store.floor();
}

async function readHistory(store: Store, prefix: string, after: Revision): Promise<void> {
  for await (const events of store.history({ prefix }, after, store.currentRevision())) if (events.length === 0) return;
}

async function main(): Promise<void> {
  {
    await using memory = createMemoryStore({ clock });
    await benchEngine('memory', memory);
  }
  const path = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'store-bench-'));
  try {
    await using lmdb = await openLmdbStore({ path, clock });
    await benchEngine('lmdb', lmdb);
  } finally {
    await rm(path, { recursive: true });
  }
}

await main();
