/** What a case of the contract is, and the few words that cases are written in. */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { CommitResult, Entry, Expectation, Operation, Range, Store, StoreEvent } from '../store.ts';
import type { ManualClock } from './manual-clock.ts';

export interface StoreSetup {
  /** An empty folder, the same one when a case opens its store again. */
  readonly folder: string;
  readonly clock: Clock;
  readonly historyMaxAgeMs?: number | undefined;
  readonly historyMaxBytes?: number | undefined;
}

export interface CaseSetup {
  readonly clock: ManualClock;
  /** Opens the case's store; again after it was closed, where the engine is durable. */
  open(options?: Pick<StoreSetup, 'historyMaxAgeMs' | 'historyMaxBytes'>): Promise<Store>;
}

export interface StoreCase {
  readonly name: string;
  /** Only for engines that outlive their process. */
  readonly durable?: boolean;
  run(setup: CaseSetup): Promise<void>;
}

export const configmaps: Range = { prefix: 'core/configmaps/-/' };

export function keyOf(name: string, cluster = 'root', namespace = 'default', resource = 'configmaps'): string {
  return `core/${resource}/-/${cluster}/${namespace}/${name}`;
}

export function put(key: string, text: string, expect: Expectation = 'any', expiresAt?: number | 'kept'): Operation {
  return { op: 'put', key, expect, value: () => Buffer.from(text), expiresAt };
}

export function remove(key: string, expect: Revision | 'any' = 'any'): Operation {
  return { op: 'delete', key, expect };
}

/** Commits what must succeed. */
export async function committed(
  store: Store,
  ...operations: readonly Operation[]
): Promise<Extract<CommitResult, { status: 'committed' }>> {
  const result = await store.commit(operations);
  if (result.status !== 'committed') throw new Error(`conflict at ${result.key}`);
  return result;
}

export function textOf(entry: { readonly value: Uint8Array } | undefined): string | undefined {
  return entry === undefined ? undefined : Buffer.from(entry.value).toString();
}

/** `name=value` of entries. */
export function shown(entries: readonly Entry[]): readonly string[] {
  return entries.map((entry) => `${entry.key.split('/').at(-1)}=${textOf(entry)}`);
}

/** `+name=value` where created, `~` where changed, `-` where deleted. */
export function shownEvents(events: readonly StoreEvent[]): readonly string[] {
  return events.map((event) => {
    const sign = event.type === 'delete' ? '-' : event.previous === undefined ? '+' : '~';
    return `${sign}${event.key.split('/').at(-1)}=${textOf(event)}`;
  });
}

export async function historyOf(
  store: Store,
  range: Range,
  after: Revision,
  upTo: Revision = store.currentRevision(),
): Promise<readonly StoreEvent[]> {
  const found: StoreEvent[] = [];
  for await (const events of store.history(range, after, upTo)) found.push(...events);
  return found;
}

/** Lets everything that waits in the process go on. */
export async function settled(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
