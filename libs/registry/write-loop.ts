/**
 * The one loop of all writes. Create, update, patch, delete and the subresources differ in what
 * they prepare.
 *
 *     read ──► prepare ──► plan ──► commit ──► answer
 *      ▲                    ▲         │
 *      │                    └─────────┤ what the write relies on has changed
 *      └──────────────────────────────┘ the object itself has changed
 */
import { StatusError } from '@kcp-ts/api';
import type { Entry, Operation } from '@kcp-ts/storage';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { objectKey } from './served-resource.ts';
import { untilDurable } from './until-durable.ts';
import type { WriteRequest } from './write-request.ts';

/** How often an object is read again because another writer has changed it. */
const readsMax = 10;
/**
 * How long a write is planned again where what it relies on has changed. Each time another write
 * was committed, and this one waits until that is durable: of many writers one always succeeds, and
 * as many as may be in flight (`--max-mutating-requests-inflight`) have all had their turn by then.
 */
const plansMsMax = 5_000;
/** So often also where the store is slow, and a single commit takes longer than that. */
const plansMin = 10;
/**
 * How often a write may meet the same entry at the same revision: nobody has written it meanwhile,
 * so that another plan would meet it again.
 */
const sameEntryMax = 3;

export interface WritePlan<Result> {
  /** The first one writes the object. None: there is nothing to write, and the answer is given. */
  readonly operations: readonly Operation[];
  /** Called when the operations are durable. */
  answer(): Result | Promise<Result>;
}

/** A write that is decoded, admitted and valid: it remains to commit it. */
export interface PreparedWrite<Result> {
  /**
   * Called in the turn of the commit. `taken`: a dry run has met an object where there must be
   * none. Throws a StatusError for what must not be written now.
   */
  plan(): WritePlan<Result> | 'taken';
  /**
   * Called when another writer has changed the object: says whether to plan again or to read again.
   * Throws a StatusError for a write that is to fail then.
   */
  onConflict(): 'plan' | 'read';
}

/**
 * Commits a prepared write; undefined if the object has to be read again. Throws StatusError
 * Conflict if what the write relies on never stays the same.
 */
export async function commitPrepared<Result>(
  deps: RegistryDependencies,
  { served: { definition } }: WriteRequest,
  name: string,
  prepared: PreparedWrite<Result>,
): Promise<Result | undefined> {
  const untilMs = deps.clock.monotonic() + plansMsMax;
  let plans = 0;
  let met = { entry: '', count: 0 };
  do {
    plans++;
    const plan = prepared.plan();
    if (plan !== 'taken') {
      if (plan.operations.length === 0) return plan.answer();
      const result = await deps.store.commit(plan.operations);
      if (result.status === 'committed') return plan.answer();
      if (result.index !== 0) {
        const entry = `${result.key}@${result.current?.revision ?? 'absent'}`;
        met = { entry, count: entry === met.entry ? met.count + 1 : 1 };
        if (met.count >= sameEntryMax)
          throw StatusError.conflict(definition, name, 'another object is in the way of what is stored with it');
        continue;
      }
    }
    if (prepared.onConflict() === 'read') return undefined;
  } while (plans < plansMin || deps.clock.monotonic() < untilMs);
  throw StatusError.conflict(definition, name, 'what the object depends on changes all the time; try again');
}

/**
 * Writes what follows from an object as it is now. What `prepare` or the plan throws is thrown when
 * the state that the write was refused for is durable. Throws StatusError Conflict if other writers
 * are always faster.
 */
export async function writeInAttempts<Result>(
  deps: RegistryDependencies,
  request: WriteRequest & { readonly name: string },
  prepare: (entry: Entry | undefined) => Promise<PreparedWrite<Result>>,
): Promise<Result> {
  const { served, cluster, namespace, name } = request;
  const key = objectKey(served.storage, cluster, namespace, name);
  for (let count = 1; count <= readsMax; count++) {
    const entry = deps.store.peek(key);
    try {
      const result = await commitPrepared(deps, request, name, await prepare(entry));
      if (result !== undefined) return result;
    } catch (refusal) {
      await untilDurable(deps.store, key, entry?.revision);
      throw refusal;
    }
  }
  throw StatusError.conflict(served.definition, name);
}
