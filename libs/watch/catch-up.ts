/**
 * Brings followers from their revision to now, by the store's history. Those that resume on the same range before a scan begins share it. A scan
 * ends, and its members go live, in the very turn in which nothing newer is left to read: so nothing is lost or doubled in between.
 */
import type { Revision } from '@kcp-ts/meta';
import { revisionZero, StatusError } from '@kcp-ts/meta';
import type { KeyRange, Range, Store } from '@kcp-ts/storage';
import { createChange } from './change.ts';
import type { Member } from './follower.ts';
import { deliver } from './follower.ts';

/** Scans at a time: each runs for at most 5 ms before it lets others go first. */
const scansMax = 2;

interface Group {
  readonly range: KeyRange;
  readonly members: Set<Member>;
}

export interface CatchUpNeeds {
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

export function createCatchUp({ store, goLive, end, expired }: CatchUpNeeds): CatchUp {
  const waiting = new Map<string, Group>();
  const members = new Map<Member, Group | undefined>();
  let scans = 0;

  function add(member: Member): void {
    if (member.ended) return;
    let group = waiting.get(member.range.id);
    if (group === undefined) {
      group = { range: member.range, members: new Set() };
      waiting.set(member.range.id, group);
    }
    group.members.add(member);
    members.set(member, group);
    if (scans >= scansMax) return;
    scans++;
    void work();
  }

  function remove(member: Member): void {
    const group = members.get(member);
    members.delete(member);
    group?.members.delete(member);
  }

  async function work(): Promise<void> {
    for (;;) {
      // Whoever resumes in the same turn of the event loop shares the scan.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      const next = waiting.entries().next();
      if (next.done === true) break;
      const [id, group] = next.value;
      waiting.delete(id);
      await scan(group).catch((error: unknown) => endAll(group, error));
    }
    scans--;
  }

  async function scan(group: Group): Promise<void> {
    endExpired(group);
    let seen = smallest(group.members);
    while (group.members.size > 0) {
      const upTo = store.currentRevision();
      if (seen >= upTo) break;
      for await (const events of store.history(rangeOf(group.range), seen, upTo)) {
        const changes = events.map(createChange);
        seen = events.at(-1)?.revision ?? seen;
        for (const member of [...group.members]) tell(member, changes, seen);
        if (group.members.size === 0) return;
      }
      seen = upTo;
    }
    for (const member of [...group.members]) {
      remove(member);
      goLive(member);
    }
  }

  function tell(member: Member, changes: Parameters<typeof deliver>[1], upTo: Revision): void {
    try {
      deliver(member, changes, upTo);
      if (upTo > member.after) member.after = upTo;
      const drained = member.ended ? undefined : member.follower.drained?.();
      if (drained === undefined) return;
      // It goes on alone, so that the others need not wait.
      members.get(member)?.members.delete(member);
      members.set(member, undefined);
      drained.then(
        () => add(member),
        (error: unknown) => end(member, StatusError.from(error)),
      );
    } catch (error) {
      end(member, StatusError.from(error));
    }
  }

  function endExpired(group: Group): void {
    const floor = store.floor();
    for (const member of [...group.members]) if (member.after < floor) end(member, expired(member.after));
  }

  function endAll(group: Group, error: unknown): void {
    const status = StatusError.from(error);
    for (const member of [...group.members]) end(member, status.reason === 'Expired' ? expired(member.after) : status);
  }

  return { add, remove, size: () => members.size };
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
