/**
 * A client that lists, watches, goes away and comes back to any replica; and all that it was shown,
 * for the checker.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import type { MergedEvent, MergedWatch, Position } from '@kcp-ts/sharding';
import type { Place, SimReplica } from './replica.ts';
import { mergedPosition } from './replica.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

/** From one list to the 410 that makes it list again. */
export interface Segment {
  readonly start: Revision;
  /** What the list showed, or the watch began with: keys, with the revision of each. */
  readonly state: Map<string, Revision>;
  /** The largest revision that any writer had received when the list was asked for. */
  readonly acknowledged: Revision;
  readonly events: Position[];
  /** How far it says that it has seen everything. */
  position: Position;
  /** Ended by a 410. */
  gone: boolean;
}

export interface Watcher {
  readonly segments: readonly Segment[];
}

export interface WatcherDependencies {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly replicas: readonly SimReplica[];
  acknowledged(): Revision;
  /** Goes away at times; not any more at the end. */
  restless(): boolean;
}

export function createWatcher(deps: WatcherDependencies): Watcher {
  const { time, chance } = deps;
  const segments: Segment[] = [];
  let watch: MergedWatch | undefined;
  let turn = 0;

  function replica(): SimReplica {
    const found = chance.pick(deps.replicas);
    if (found === undefined) throw new Error('There is no replica');
    return found;
  }

  function again(run: () => void, milliseconds: number): void {
    const mine = ++turn;
    time.after(milliseconds, () => {
      if (turn === mine) run();
    });
  }

  /** Page by page, each from any replica. */
  async function listPages(state: Map<string, Revision>): Promise<Revision> {
    const revision = await replica().revision();
    const limit = chance.happens(0.5) ? 100 : 2;
    let place: Place | undefined = { revision, shard: 0, after: undefined };
    while (place !== undefined) {
      const { items, next } = await replica().page(place, limit);
      for (const [key, at] of items) state.set(key, at);
      place = next;
      if (chance.happens(0.05))
        await new Promise<void>((resolve) => void time.after(chance.between(1, 1_500), resolve));
    }
    return revision;
  }

  function list(): void {
    const acknowledged = deps.acknowledged();
    const withState = chance.happens(0.3);
    const state = new Map<string, Revision>();
    const listed = withState ? replica().revision() : listPages(state);
    listed.then(
      (revision) => {
        const begun: Segment = {
          start: revision,
          state,
          acknowledged,
          events: [],
          position: mergedPosition(revision),
          gone: false,
        };
        if (withState) follow(begun, true);
        else {
          segments.push(begun);
          again(() => follow(begun, false), chance.between(0, 30));
        }
      },
      () => again(list, chance.between(50, 300)),
    );
  }

  function follow(segment: Segment, initial: boolean): void {
    let begun = !initial;
    function take(events: readonly MergedEvent[]): boolean {
      for (const { revision, shard, payload } of events) {
        if (!begun) {
          const [key = '', at] = Buffer.from(payload).toString().split(' ');
          segment.state.set(key, asRevision(Number(at)));
          continue;
        }
        segment.position = { revision, shard };
        segment.events.push(segment.position);
      }
      if (!chance.happens(0.02)) return true;
      const mine = watch;
      time.after(chance.between(10, 300), () => mine?.drained());
      return false;
    }
    const mine = ++turn;
    try {
      watch = replica().watch(segment.position, initial, {
        events: take,
        started() {
          begun = true;
          segments.push(segment);
        },
        end(error) {
          if (turn !== mine) return;
          if (error?.code === 410 && begun) segment.gone = true;
          if (error === undefined && begun) again(() => follow(segment, false), chance.between(1, 50));
          else again(list, chance.between(1, 50));
        },
      });
    } catch {
      segment.gone = begun;
      again(list, chance.between(10, 100));
      return;
    }
    look(segment, mine);
  }

  /** Takes a bookmark now and then, and goes away now and then. */
  function look(segment: Segment, mine: number): void {
    time.after(chance.between(50, 500), () => {
      if (turn !== mine) return;
      const revision = watch?.position();
      if (revision !== undefined && revision >= segment.position.revision) segment.position = mergedPosition(revision);
      if (!deps.restless() || chance.happens(0.7)) {
        look(segment, mine);
        return;
      }
      watch?.[Symbol.dispose]();
      const seen = segments.at(-1) === segment;
      again(seen ? () => follow(segment, false) : list, chance.between(1, chance.happens(0.3) ? 4_000 : 200));
    });
  }

  again(list, chance.between(0, 500));
  return { segments };
}
