/**
 * What a load records of an installation: what clients sent and received of each object, and what
 * watchers were shown. A checker holds it against itself afterwards: nothing but answers, no look
 * into the installation.
 */

/** A resourceVersion as clients see it. */
export type Version = bigint;

/** What a client received. */
export type Answer =
  /** A write was acknowledged at this version, or a read found what that write made. */
  | { readonly kind: 'version'; readonly version: Version; readonly write: string }
  /** A deletion was acknowledged. */
  | { readonly kind: 'deleted' }
  /** 404. */
  | { readonly kind: 'absent' }
  /** 409 to a creation: there is one. */
  | { readonly kind: 'exists' }
  /** 409 to a change of a version that is not the newest one. */
  | { readonly kind: 'conflict' }
  /** Refused for another reason, and not done. */
  | { readonly kind: 'refused' }
  /** Nobody knows: it may apply, once, at any time after it was asked. */
  | { readonly kind: 'unknown' };

export interface Operation {
  /** Which one of all the installation. */
  readonly object: string;
  readonly kind: 'create' | 'update' | 'delete' | 'read';
  /** On one clock for all operations of a history. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Of creations and updates: a text that no other write has, and that is in the object. */
  readonly write?: string;
  /** Of updates and deletions: the version that they are for, and for no other. */
  readonly from?: Version;
  /** The front-proxy or shard that it went through, to look for what is wrong. */
  readonly by?: string;
  readonly answer: Answer;
}

/** What is there at a version. */
export interface Shown {
  readonly object: string;
  readonly version: Version;
  readonly write: string;
}

export type WatchRecord =
  | { readonly kind: 'list'; readonly version: Version; readonly items: readonly Shown[] }
  | ({ readonly kind: 'event'; readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' } & Shown)
  | { readonly kind: 'bookmark'; readonly version: Version }
  /** The server said that it cannot go on from here (410), so the next record is a list. */
  | { readonly kind: 'expired' };

export interface Watcher {
  readonly name: string;
  /** Whether it is to be shown this object. */
  watches(object: string): boolean;
  readonly records: readonly WatchRecord[];
}

export interface History {
  readonly operations: readonly Operation[];
  readonly watchers: readonly Watcher[];
}

/** What shard a version is of: its lowest twelve bits. */
export function shardOf(version: Version): number {
  return Number(version & 0xfffn);
}
