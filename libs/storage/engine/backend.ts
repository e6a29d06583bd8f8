/**
 * What an engine has to bring: synchronous reads of what is durable, and one durable write at a
 * time. Everything that engines share (who wins a race, revisions, grouping, telling subscribers,
 * reads in the past, expiry, how much history is kept) stands on this interface.
 */
import type { Revision } from '@kcp-ts/api';
import type { KeyRange } from '../key-range.ts';
import type { Entry, EntryHead, StoreEvent } from '../store.ts';

export interface StoredEntry extends Entry {
  /** Milliseconds since the epoch; 0 is never. */
  readonly expiresAt: number;
}

export interface Write {
  readonly event: StoreEvent;
  readonly expiresAt: number;
  readonly previousExpiresAt: number;
}

/** One durable step: all of it or nothing. */
export interface Flush {
  /** In revision order, each key as it is to be after the ones before it. */
  readonly writes: readonly Write[];
  /**
   * The same, commit by commit: what an engine that cannot take them all at once must not tear
   * apart.
   */
  readonly commits: readonly (readonly Write[])[];
  /** The last revision that is durable with this step. */
  readonly revision: Revision;
  /** Nothing that has been promised is above it. */
  readonly reserved: Revision;
  /** Forget the events up to this revision. */
  readonly trim: Revision | undefined;
  /** Kept with the step, for its writer: how far a mirror has come. */
  readonly checkpoint?: string | undefined;
}

/** What an earlier process left behind. */
export interface BackendState {
  readonly revision: Revision;
  readonly reserved: Revision;
  readonly floor: Revision;
  /** The last checkpoint; '' where there was none. */
  readonly checkpoint: string;
}

export interface Backend {
  readonly state: BackendState;
  get(key: string): StoredEntry | undefined;
  /** What `get` would say, without copying the value. */
  head(key: string): EntryHead | undefined;
  /** Entries of a range in its order, behind the key `after`, until `visit` says false. */
  walk(range: KeyRange, after: string | undefined, visit: (entry: StoredEntry) => boolean): void;
  /** Like `walk`, the keys alone. */
  walkKeys(range: KeyRange, after: string | undefined, visit: (key: string) => boolean): void;
  /**
   * Events of a range in (`after`, `upTo`], in revision order, until `visit` says false. What was
   * visited before returns true counts as seen.
   */
  walkEvents(range: KeyRange, after: Revision, upTo: Revision, visit: (event: StoreEvent) => boolean): void;
  /** The oldest events that are kept, until `visit` says false. */
  walkOldest(visit: (revision: Revision, bytes: number) => boolean): void;
  /** Of the files that it keeps; 0 when absent. */
  sizeBytes?(): number;
  /** What history holds, in bytes. */
  historyBytes(): number;
  /** The keys due at a time (milliseconds since the epoch), at most `limit`, the earliest first. */
  expired(now: number, limit: number): readonly string[];
  /**
   * Resolves when durable. Readers go on seeing what was there before until `publish`. Never called
   * again before it settles.
   */
  write(flush: Flush): Promise<void>;
  /** Readers see the last write from now on. */
  publish(): void;
  /**
   * Whether only deletions, and changes that take no more room, are taken now. Never, when absent.
   */
  refusesGrowth?(): boolean;
  close(): Promise<void>;
}

/** Why a write failed, in words for clients and operators. */
export class StorageFault extends Error {}

export const noSpace = 'no space is left on the device of the store';

/** Statuses and finalizers still change where there is room for deletions alone. */
const smallChangeBytes = 4_096;

/** A new object, or one that has grown by more than a status or a finalizer does. */
export function takesRoom({ event }: Write): boolean {
  if (event.type === 'delete') return false;
  return event.previous === undefined || event.value.length > event.previous.value.length + smallChangeBytes;
}

export type Reads = Pick<
  Backend,
  'get' | 'head' | 'walk' | 'walkKeys' | 'walkEvents' | 'walkOldest' | 'historyBytes' | 'expired' | 'publish'
>;

/**
 * How a backend is read, for one whose writes go to another backend first, and are read there for
 * as long.
 */
export function readsOf(source: () => Reads): Reads {
  return {
    get: (key) => source().get(key),
    head: (key) => source().head(key),
    walk: (...walk) => source().walk(...walk),
    walkKeys: (...walk) => source().walkKeys(...walk),
    walkEvents: (...walk) => source().walkEvents(...walk),
    walkOldest: (visit) => source().walkOldest(visit),
    historyBytes: () => source().historyBytes(),
    expired: (now, limit) => source().expired(now, limit),
    publish: () => source().publish(),
  };
}
