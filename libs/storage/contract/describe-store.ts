/** The contract of a Store as a function: an engine's test file is a call of it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { Store } from '../store.ts';
import { commitCases } from './commit-cases.ts';
import { historyCases } from './history-cases.ts';
import { lifeCases } from './life-cases.ts';
import type { ManualClock } from './manual-clock.ts';
import { createManualClock } from './manual-clock.ts';
import { modelCase } from './model-case.ts';
import { readCases } from './read-cases.ts';
import type { StoreCase, StoreSetup } from './store-case.ts';
import { watchCases } from './watch-cases.ts';

export interface StoreContract {
  /** Opens a store; for a durable engine, the one that lies in the folder. */
  open(setup: StoreSetup): Promise<Store>;
  /** Whether what was committed can be opened again. */
  readonly durable: boolean;
  /**
   * Names of cases that the engine does not keep, with the reason. A gap that closes is a failure.
   */
  readonly gaps?: Readonly<Record<string, string>>;
}

const cases: readonly StoreCase[] = [
  ...commitCases,
  ...readCases,
  ...watchCases,
  ...historyCases,
  ...lifeCases,
  modelCase,
];

export function describeStore(engine: string, contract: StoreContract): void {
  describe(engine, () => {
    for (const each of cases) {
      if (each.durable === true && !contract.durable) continue;
      const gap = contract.gaps?.[each.name];
      it(each.name, async () => {
        const run = runInFolder(each, contract);
        if (gap === undefined) await run;
        else await assert.rejects(run, `gap closed, remove it: ${gap}`);
      });
    }
  });
}

async function runInFolder(each: StoreCase, contract: StoreContract): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  const clock = createManualClock();
  try {
    await each.run({ clock, open: (options = {}) => passingTime(clock, contract.open({ ...options, folder, clock })) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A start may wait for the clock, which stands still. */
async function passingTime(clock: ManualClock, opening: Promise<Store>): Promise<Store> {
  let open = false;
  void opening.finally(() => (open = true)).catch(() => undefined);
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (open) return await opening;
    // Not before it does: an engine may take its time for other reasons.
    if (clock.isAwaited()) clock.advance(1);
  }
}
