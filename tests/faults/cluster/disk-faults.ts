/** What one shard keeps its data on is full: the disk of its processes, or its etcd. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestEtcd } from '@kcp-ts/testing';
import { expect } from 'vitest';
import type { SmallDisk } from '../../harness/small-disk.ts';
import { mountSmallDisk } from '../../harness/small-disk.ts';
import type { Fault } from './fault.ts';
import { pause, untilOwned } from './fault.ts';
import type { Load } from './load.ts';

export interface ShardDisks extends AsyncDisposable {
  /** Puts the folders of the shard on them, before it is started. */
  place(folder: string): Promise<void>;
  readonly fault: Fault;
}

const shard = 'shard-2';
/** The processes of that shard, which both keep what it has. */
const processes = [shard, `${shard}-standby`] as const;
export const fullDiskName = 'the disk of a shard is full, and has room again';
export const fullEtcdName = 'the etcd of a shard is out of space, and has room again';
const megabytes = 48;
const patienceMs = 30_000;
const fullMs = 2_000;

async function runFull(load: Load, full: { fill(): Promise<unknown>; free(): Promise<unknown> }): Promise<void> {
  const failed = () => load.served(shard, 'straight').failed + load.served(shard, 'front-proxy-1').failed;
  const before = failed();
  await full.fill();
  // What was free inside of files is used up first.
  for (const end = performance.now() + patienceMs; failed() === before; await pause(50))
    expect(performance.now(), 'the shard writes on with no room').toBeLessThan(end);
  await pause(fullMs);
  await full.free();
  // Where processes have ended, they are started again.
  await untilOwned(load, (written) => written === shard);
}

/** Small enough to be filled in a moment, and large enough for all that the other faults write. */
export const etcdQuotaBytes = 96_000_000;

/** Which parts have that etcd for their store. */
export function storesOf(etcd: TestEtcd): ReadonlyMap<string, number> {
  return new Map(processes.map((name) => [name, etcd.port]));
}

export const fullEtcdFault = (etcd: TestEtcd): Fault => ({
  name: fullEtcdName,
  short: false,
  shard,
  unharmed: (other) => other !== shard,
  run: (_installation, load) => runFull(load, etcd),
});

/** Rejects where nothing can be mounted. */
export async function mountShardDisks(): Promise<ShardDisks> {
  const disks: (readonly [name: string, disk: SmallDisk])[] = [];
  const dispose = async () => {
    for (const [, disk] of disks) await disk[Symbol.asyncDispose]();
  };
  try {
    for (const name of processes) disks.push([name, await mountSmallDisk(megabytes)]);
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
      name: fullDiskName,
      short: true,
      shard,
      unharmed: (other) => other !== shard,
      run: (_installation, load) =>
        runFull(load, {
          fill: () => Promise.all(disks.map(([, disk]) => disk.fill())),
          free: () => Promise.all(disks.map(([, disk]) => disk.free())),
        }),
    },
    [Symbol.asyncDispose]: dispose,
  };
}
