import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';
import { committed, historyOf, keyOf, put, textOf } from '../contract/store-case.ts';
import type { StoreEvent } from '../store.ts';
import { openLmdbStore } from './lmdb-store.ts';

const child = new URL('./crash-child.ts', import.meta.url).pathname;
const fullDiskChild = new URL('./full-disk-child.ts', import.meta.url).pathname;

interface Acknowledged {
  readonly names: Map<string, Revision>;
  promised: Revision;
}

/** Runs the child until it has acknowledged so many commits, and kills it in the middle of more. */
async function runUntilKilled(folder: string, round: number, commits: number, seen: Acknowledged): Promise<void> {
  const running = spawn(process.execPath, [child, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => running.once('exit', resolve));
  let count = 0;
  for await (const line of createInterface({ input: running.stdout })) {
    const [word, revision, name] = line.split(' ');
    // A line cut off by the kill has no name.
    if (name === undefined || name === '') continue;
    if (word === 'progress') seen.promised = Number(revision) as Revision;
    if (word === 'done') seen.names.set(name, Number(revision) as Revision);
    if (++count === commits) running.kill('SIGKILL');
  }
  await ended;
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'store-crash-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a store whose process is killed', () => {
  it('has every acknowledged commit, whole and once, and its watches go on', async () => {
    await inFolder(async (folder) => {
      const seen: Acknowledged = { names: new Map(), promised: revisionZero };
      let watched = revisionZero;
      const told: StoreEvent[] = [];
      for (let round = 0; round < 3; round++) {
        await runUntilKilled(folder, round, 300 + round * 200, seen);
        await using store = await openLmdbStore({ path: folder, clock: createSystemClock() });
        const events = await historyOf(store, { prefix: '' }, watched);
        told.push(...events);
        watched = store.currentRevision();
        const { revision } = await committed(store, put(keyOf(`after-${round}`), 'x'));
        expect(revision).toBeGreaterThan(seen.promised);
        told.push(...(await historyOf(store, { prefix: '' }, watched)));
        watched = revision;
        for (const [name, acknowledged] of seen.names) {
          const entries = ['root', 'team'].map((cluster) => store.get(keyOf(name, cluster)));
          expect(entries.map((entry) => textOf(entry)?.split('.')[0])).toEqual([name, name]);
          expect(entries[1]?.revision).toBeLessThan(acknowledged);
        }
        const [roots, teams] = await Promise.all(
          ['root', 'team'].map((cluster) => store.count({ prefix: `core/configmaps/-/${cluster}/` })),
        );
        expect(roots).toBe((teams ?? 0) + round + 1);
      }
      const revisions = told.map((event) => event.revision);
      expect(new Set(revisions).size).toBe(revisions.length);
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      const created = told.filter(({ previous }) => previous === undefined).map(({ key }) => key);
      expect(new Set(created).size).toBe(created.length);
      for (const name of seen.names.keys()) expect(created).toContain(keyOf(name));
    });
  });

  it('commits nothing at or below what it promised, and starts when the clock has passed its reservation', async () => {
    await inFolder(async (folder) => {
      const clock = createManualClock();
      const path = join(folder, 'first');
      const crashed = join(folder, 'second');
      await using store = await openLmdbStore({ path, clock });
      await committed(store, put(keyOf('a'), '1'));
      clock.advance(100);
      const promised = await store.progress();
      // What the disk holds now is what a kill would leave.
      await cp(path, crashed, { recursive: true });
      clock.step(-400);
      let open = false;
      const opening = openLmdbStore({ path: crashed, clock }).finally(() => (open = true));
      clock.advance(300);
      await new Promise((resolve) => setImmediate(resolve));
      expect(open).toBe(false);
      while (!open) {
        clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await using again = await opening;
      const { revision } = await committed(again, put(keyOf('a'), '2'));
      expect(revision).toBeGreaterThan(promised);
      expect(revision).toBeLessThan(promised + 2_000_000);
    });
  });
});

describe('a store whose disk is full', () => {
  it('fails the commits that wait, keeps the others, and goes on when there is room', async () => {
    await inFolder(async (folder) => {
      const limited = ['-c', 'ulimit -f 1024 && exec "$0" "$@"', process.execPath, fullDiskChild, folder];
      const { stdout } = await promisify(execFile)('/bin/bash', limited);
      const told = JSON.parse(stdout) as Record<string, unknown>;
      expect(told).toMatchObject({ other: 0, removal: 'committed' });
      expect(told['written']).toBe(told['listed']);
      expect(told['unavailable']).toBeGreaterThan(0);
      await using store = await openLmdbStore({ path: folder, clock: createSystemClock() });
      expect(await store.count({ prefix: '' })).toBe(Number(told['written']) - 1);
      for (let number = 0; number < 500; number++)
        await committed(store, put(keyOf(`new-${number}`), 'x'.repeat(1_000)));
    });
  });
});
