import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import type { ShardRecord } from '../membership/membership.ts';
import { createExclusions } from './exclusions.ts';

const zero: ShardRecord = {
  name: 's1',
  number: 1,
  joinRevision: revisionZero,
  baseUrl: '',
  rpcAddress: '',
  externalUrl: '',
  virtualWorkspaceUrl: '',
  labels: {},
  alive: true,
  excludedAt: undefined,
  absences: [],
};

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('excludes a shard whose heartbeat has lapsed, and never one that only this replica cannot reach', async () => {
  const clock = createManualClock();
  let shard = zero;
  let reachable = false;
  const said: string[] = [];
  const listeners = new Set<(state: { readonly shards: readonly ShardRecord[] }) => void>();
  const state = () => ({ shards: [shard] });
  const change = (next: Partial<ShardRecord>) => {
    shard = { ...shard, ...next };
    for (const listener of listeners) listener(state());
  };
  using _ = createExclusions({
    clock,
    shards: {
      current: state,
      follow(listener) {
        listeners.add(listener);
        listener(state());
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      silentForMs: () => 0,
      refresh: () => Promise.resolve(),
    },
    async exclude(name, at) {
      said.push(`exclude ${name} at ${at}`);
      change({ excludedAt: at });
    },
    async readmit(name) {
      said.push(`readmit ${name}`);
      change({ excludedAt: undefined });
    },
    progressOf: () => 7 as Revision,
    reachable: async () => reachable,
  });
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 250) {
      clock.advance(250);
      await turns();
    }
  };
  await pass(10_000);
  expect(said).toEqual([]);
  // A moment without a heartbeat is that of a restart.
  change({ alive: false });
  await pass(750);
  change({ alive: true });
  await pass(2_000);
  expect(said).toEqual([]);
  change({ alive: false });
  await pass(1_500);
  expect(said).toEqual(['exclude s1 at 7']);
  // It is alive again; but a replica that cannot reach it lets no client wait for it.
  change({ alive: true });
  await pass(2_000);
  expect(said).toEqual(['exclude s1 at 7']);
  reachable = true;
  await pass(250);
  expect(said).toEqual(['exclude s1 at 7', 'readmit s1']);
});
