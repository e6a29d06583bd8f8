/**
 * A controller is a value: what wakes it, where it begins after a restart, and what it does with a key. It reads the store and says what it wants by
 * committing; the runtime owns queue, order, retry and end.
 */
import type { Change } from '@kcp-ts/watch';

export interface Controller {
  readonly name: string;
  /** Which keys a change asks to look at; called for every change, so it must look at the key's prefix first. */
  wake(change: Change): readonly string[];
  /** The keys to look at after a start, when changes may have been missed. */
  resume(): AsyncIterable<string> | Iterable<string>;
  /** Looks at a key once. A number: look again in so many milliseconds, for what no event announces. */
  reconcile(key: string): Promise<number | undefined>;
}
