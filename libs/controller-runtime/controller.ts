/**
 * A controller is a value: what wakes it, where it begins after a restart, and what it does with a key. It reads and commits through the decision that it is
 * handed, so that what it writes is written on condition of what it has read; the runtime owns queue, order, retry and end.
 */
import type { Decision } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';

export interface Controller {
  readonly name: string;
  /** Which keys a change asks to look at; called for every change, so it must look at the key's prefix first. */
  wake(change: Change): readonly string[];
  /** The keys to look at after a start, when changes may have been missed. */
  resume(): AsyncIterable<string> | Iterable<string>;
  /** Looks at a key once, and decides anew each time. A number: look again in so many milliseconds, for what no event announces. */
  reconcile(key: string, decision: Decision): Promise<number | undefined>;
}
