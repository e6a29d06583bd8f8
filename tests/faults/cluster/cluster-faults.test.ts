/**
 * Parts of an installation are killed, stopped, cut off and emptied while people work with it:
 * nothing that was acknowledged is lost, and no client gets a wrong answer.
 */

import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingLinks } from '../../harness/links.ts';
import { missingSmallDisk } from '../../harness/small-disk.ts';
import { faults } from '../config.ts';
import { measureConvergence } from './convergence.ts';
import type { ShardDisks } from './disk-faults.ts';
import { etcdQuotaBytes, fullDiskName, fullEtcdFault, fullEtcdName, mountShardDisks, storesOf } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import type { FaultInstallation } from './installation.ts';
import { shardNames, startFaultInstallation } from './installation.ts';
import { linkFaults } from './link-faults.ts';
import type { Load } from './load.ts';
import { processFaults } from './process-faults.ts';
import type { LoadTarget } from './recorder.ts';
import { removeShard } from './removed-shard.ts';

const missing = missingProgram('etcd') ?? missingProgram('natsServer') ?? missingLinks();
const convergedMs = 2_000;
/**
 * What the same takes at most with no fault where the machine has time; on a busier one the bound
 * grows in proportion.
 */
const undisturbedMs = 500;
const servedAtLeast = 0.999;

interface Counted {
  requests: number;
  failed: number;
}

/**
 * Requests that a fault was not to touch, and how many were not answered as they should or in time;
 * by shard.
 */
function servedDuring(fault: Fault, load: Load): () => ReadonlyMap<string, Counted> {
  const ways = ['front-proxy-1', 'front-proxy-2', 'straight'];
  const sum = (shard: string, key: 'requests' | 'failed') =>
    ways.filter((way) => fault.unharmed(shard, way)).reduce((all, way) => all + load.served(shard, way)[key], 0);
  const before = new Map(
    shardNames.map((shard) => [shard, { requests: sum(shard, 'requests'), failed: sum(shard, 'failed') }]),
  );
  return () =>
    new Map(
      shardNames.flatMap((shard) => {
        const { requests = 0, failed = 0 } = before.get(shard) ?? {};
        const during = { requests: sum(shard, 'requests') - requests, failed: sum(shard, 'failed') - failed };
        return during.requests === 0 ? [] : [[shard, during]];
      }),
    );
}

async function suffer(fault: Fault, label: string, installation: FaultInstallation, all: Counted): Promise<void> {
  const { load, targets } = await installation.load(label);
  await load.progress();
  const target = targets.find(({ shard }) => shard === fault.shard) as LoadTarget;
  const undisturbed = await measureConvergence(installation, target, `${label}-before`, performance.now());
  const busy = Math.max(1, ...Object.values(undisturbed).map((ms: number) => ms / undisturbedMs));
  const served = servedDuring(fault, load);
  await fault.run(installation, load);
  const endedAt = performance.now();
  const convergence = await measureConvergence(installation, target, label, endedAt);
  await load.progress();
  const during = served();
  for (const { requests, failed } of during.values()) {
    all.requests += requests;
    all.failed += failed;
  }
  const wrong = await load.finish();
  const counts = [...during].map(([shard, { requests, failed }]) => `${shard} ${requests - failed} of ${requests}`);
  const { index, cache, virtual } = convergence;
  console.log(
    `${fault.name}: ${load.operations} operations; served ${counts.join(', ')}; index after ${index.toFixed(0)} ms, ` +
      `cache ${cache.toFixed(0)} ms, virtual workspace ${virtual.toFixed(0)} ms` +
      (busy > 1 ? `; this machine is ${busy.toFixed(1)} times as slow as it may be` : ''),
  );
  expect(wrong).toEqual([]);
  // A thousandth of some hundred requests is less than one: one may fail, and all faults together
  // are held against the bound.
  for (const [shard, { failed }] of during) expect(failed, `requests to ${shard} that failed`).toBeLessThanOrEqual(1);
  expect(index, 'the index').toBeLessThan(convergedMs * busy);
  expect(cache, 'the cache').toBeLessThan(convergedMs * busy);
  expect(virtual, 'the virtual workspace').toBeLessThan(convergedMs * busy);
}

if (missing === undefined) {
  let installation: FaultInstallation | undefined;
  let etcd: TestEtcd | undefined;
  let disks: ShardDisks | undefined;
  const all: Counted = { requests: 0, failed: 0 };
  let noDisks = missingSmallDisk();
  beforeAll(async () => {
    console.log(`KCP_FAULT_SEED=${faults.seed} chooses the same faults again`);
    if (noDisks === undefined)
      disks = await mountShardDisks().catch((error: unknown) => {
        noDisks = String(error);
        return undefined;
      });
    etcd = await startEtcd({ quotaBytes: etcdQuotaBytes });
    const stores = storesOf(etcd);
    installation = await startFaultInstallation({ stores, prepare: async (folder) => disks?.place(folder) });
  }, 90_000);
  afterAll(async () => {
    await installation?.[Symbol.asyncDispose]();
    await disks?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  describe('during a fault nothing that was acknowledged is lost or doubled, and watchers see all of it in order', () => {
    for (const [at, fault] of [...processFaults, ...linkFaults(faults.seed)].entries()) {
      if (!fault.short && faults.rounds <= faults.shortRounds) continue;
      it(fault.name, () => suffer(fault, `f${at}`, installation as FaultInstallation, all), 120_000);
    }
    it.runIf(faults.rounds > faults.shortRounds)(
      fullEtcdName,
      () => suffer(fullEtcdFault(etcd as TestEtcd), 'etcd', installation as FaultInstallation, all),
      120_000,
    );
    it(fullDiskName, async (test) => {
      if (disks === undefined) return test.skip(`no disk to fill: ${noDisks}`);
      await suffer(disks.fault, 'disk', installation as FaultInstallation, all);
    }, 120_000);
    it('shards that a fault does not touch answer 99.9 % of requests', () => {
      console.log(
        `${all.requests - all.failed} of ${all.requests} requests to shards that no fault was to touch were served`,
      );
      expect(all.failed / Math.max(1, all.requests)).toBeLessThanOrEqual(1 - servedAtLeast);
    });
    // The last: the installation is one shard less afterwards.
    it('a dead shard is removed', () => removeShard(installation as FaultInstallation), 120_000);
  });
} else it.skip(`faults of an installation of several shards: ${missing}`, () => undefined);
