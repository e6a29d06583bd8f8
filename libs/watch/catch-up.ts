/**
 * Brings watchers from their revision to now, by the store's history. Those that resume on the same
 * range before a scan begins share it. A scan ends, and its members go live, in the very turn in
 * which nothing newer is left to read: so nothing is lost or doubled in between.
 */
import type { Revision } from '@kcp-ts/api';
import { revisionZero, StatusError } from '@kcp-ts/api';
import { nextTurn } from '@kcp-ts/base';
import type { KeyRange, Range, Store } from '@kcp-ts/storage';
import type { Change } from './change.ts';
import { createChange } from './change.ts';
import type { Member } from './watcher.ts';
import { deliver } from './watcher.ts';

/** Scans at a time: each runs for at most 5 ms before it lets others go first. */
const scansMax = 2;

interface Group {
  readonly range: KeyRange;
  readonly members: Set<Member>;
}

export interface CatchUpDependencies {
  readonly store: Pick<Store, 'history' | 'currentRevision' | 'floor'>;
  /** The member has seen everything up to now. */
  goLive(member: Member): void;
  /** The member cannot go on. */
  end(member: Member, error: StatusError): void;
  expired(after: Revision): StatusError;
}

export interface CatchUp {
  add(member: Member): void;
  remove(member: Member): void;
  size(): number;
}

export function createCatchUp(deps: CatchUpDependencies): CatchUp {
  return new HistoryCatchUp(deps);
}

class HistoryCatchUp implements CatchUp {
  readonly #deps: CatchUpDependencies;
  /** Groups whose scan has not begun, by range. */
  readonly #waiting = new Map<string, Group>();
  readonly #members = new Map<Member, Group | undefined>();
  #scans = 0;

  constructor(deps: CatchUpDependencies) {
    this.#deps = deps;
  }

  size(): number {
    return this.#members.size;
  }

  add(member: Member): void {
    if (member.ended) return;
    let group = this.#waiting.get(member.range.id);
    if (group === undefined) {
      group = { range: member.range, members: new Set() };
      this.#waiting.set(member.range.id, group);
    }
    group.members.add(member);
    this.#members.set(member, group);
    if (this.#scans >= scansMax) return;
    this.#scans++;
    void this.#work();
  }

  remove(member: Member): void {
    const group = this.#members.get(member);
    this.#members.delete(member);
    group?.members.delete(member);
  }

  async #work(): Promise<void> {
    for (;;) {
      // Watchers that resume in the same turn of the event loop share the scan.
      await new Promise<void>(nextTurn);
      const next = this.#waiting.entries().next();
      if (next.done === true) break;
      const [id, group] = next.value;
      this.#waiting.delete(id);
      await this.#scan(group).catch((error: unknown) => this.#endAll(group, StatusError.from(error)));
    }
    this.#scans--;
  }

  async #scan(group: Group): Promise<void> {
    const { store, goLive } = this.#deps;
    this.#endExpired(group);
    let seen = smallest(group.members);
    while (group.members.size > 0) {
      const upTo = store.currentRevision();
      if (seen >= upTo) break;
      for await (const events of store.history(rangeOf(group.range), seen, upTo)) {
        const changes = events.map(createChange);
        seen = events.at(-1)?.revision ?? seen;
        for (const member of group.members) this.#tell(member, changes, seen);
        if (group.members.size === 0) return;
      }
      seen = upTo;
    }
    for (const member of group.members) {
      this.remove(member);
      goLive(member);
    }
  }

  #tell(member: Member, changes: readonly Change[], upTo: Revision): void {
    const { end } = this.#deps;
    try {
      deliver(member, changes, upTo);
      if (upTo > member.after) member.after = upTo;
      const drained = member.ended ? undefined : member.watcher.drained?.();
      if (drained === undefined) return;
      // It goes on alone, so that the others need not wait.
      this.#members.get(member)?.members.delete(member);
      this.#members.set(member, undefined);
      drained.then(
        () => this.add(member),
        (error: unknown) => end(member, StatusError.from(error)),
      );
    } catch (error) {
      end(member, StatusError.from(error));
    }
  }

  #endExpired(group: Group): void {
    const { store, end, expired } = this.#deps;
    const floor = store.floor();
    for (const member of group.members) if (member.after < floor) end(member, expired(member.after));
  }

  #endAll(group: Group, error: StatusError): void {
    const { end, expired } = this.#deps;
    for (const member of group.members) end(member, error.reason === 'Expired' ? expired(member.after) : error);
  }
}

function smallest(members: Iterable<Member>): Revision {
  let after: Revision | undefined;
  for (const member of members) if (after === undefined || member.after < after) after = member.after;
  return after ?? revisionZero;
}

function rangeOf(range: KeyRange): Range {
  if (range.order === 'key') return { prefix: range.start };
  const [cluster, namespace] = range.start.split('/');
  return range.segments === 1 ? { cluster: cluster ?? '' } : { cluster: cluster ?? '', namespace: namespace ?? '' };
}
