/**
 * A controller is a value: what it watches, how a change maps to the keys to reconcile, and what it
 * wants for a key. The runtime owns everything else: the initial lists, the queue, the commit of
 * what a reconciler returns, the requeue on a conflict, the back-off and the metrics.
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { Decision, Entry } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';
import type { Outcome } from './outcome.ts';

export interface Watch {
  /**
   * Whole segments that the watched keys begin with, two at least: `core/secrets/-/`. Or '': every
   * key. A function where the identity is known only once the shard has been bootstrapped; what it
   * returns may differ in the identity, never in group or resource.
   */
  readonly prefix: string | (() => string);
  /** What of the initial list to reconcile. Nothing is listed where it is absent. */
  readonly initial?: InitialList | undefined;
  /**
   * The keys to reconcile after a change under the prefix. It runs in the commit's own turn: it
   * must be quick.
   */
  keys?(change: Change): readonly string[];
}

export type InitialList =
  /** The keys to reconcile for one entry of the list. */
  | ((entry: Entry) => readonly string[])
  /** The keys to reconcile for each cluster that has entries in the list. */
  | { perCluster(cluster: LogicalClusterName): readonly string[] };

/** Announces what is no change of a key: an index in memory, another shard. */
export interface Source {
  /** Calls `enqueue` with keys to reconcile until it is disposed. */
  subscribe(enqueue: (keys: readonly string[]) => void): Disposable;
}

export interface Controller {
  readonly name: string;
  /** A change is offered to every watch whose prefix it has. */
  readonly watches: readonly Watch[];
  readonly sources?: readonly Source[] | undefined;
  /** Keys to reconcile after a start beside those of the watches' initial lists. */
  initialKeys?(): Iterable<string>;
  /**
   * Returns what it wants for a key, whatever has happened before. What it reads through the
   * decision is a condition of what is committed. Work that no single commit holds (a cluster's
   * content) goes through the decision in bounded commits on the way; the last one is returned.
   */
  reconcile(key: string, decision: Decision): Outcome | Promise<Outcome>;
}
