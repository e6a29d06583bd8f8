/** The disk of one shard, of both of its processes, is full. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SmallDisk } from '../../harness/small-disk.ts';
import { mountSmallDisk } from '../../harness/small-disk.ts';
import type { Fault } from './fault.ts';
import { pause } from './fault.ts';

export interface ShardDisks extends AsyncDisposable {
  /** Puts the folders of the shard on them, before it is started. */
  place(folder: string): Promise<void>;
  readonly fault: Fault;
}

const shard = 'shard-3';
const megabytes = 48;
const patienceMs = 30_000;
const fullMs = 2_000;

/** Rejects where nothing can be mounted. */
export async function mountShardDisks(): Promise<ShardDisks> {
  const disks: (readonly [name: string, disk: SmallDisk])[] = [];
  const dispose = async () => {
    for (const [, disk] of disks) await disk[Symbol.asyncDispose]();
  };
  try {
    for (const name of [shard, `${shard}-standby`]) disks.push([name, await mountSmallDisk(megabytes)]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    async place(folder) {
      await mkdir(folder, { recursive: true });
      for (const [name, { path }] of disks) await symlink(path, join(folder, name));
    },
    fault: {
      name: 'the disk of a shard is full, and has room again',
      short: true,
      shard,
      unharmed: (other) => other !== shard,
      async run(_installation, load) {
        const failed = () => load.served(shard, 'straight').failed + load.served(shard, 'front-proxy-1').failed;
        const before = failed();
        await Promise.all(disks.map(([, disk]) => disk.fill()));
        // What was free inside of its files is used up first.
        for (const end = performance.now() + patienceMs; failed() === before; await pause(50))
          expect(performance.now(), 'the shard writes on with no room').toBeLessThan(end);
        await pause(fullMs);
        await Promise.all(disks.map(([, disk]) => disk.free()));
        // Its processes have ended, and are started again.
        await load.progress((written) => written === shard);
      },
    },
    [Symbol.asyncDispose]: dispose,
  };
}
