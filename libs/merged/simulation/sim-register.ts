/** The register, and what each replica has heard of it: late, and at times nothing at all. */
import type { Revision } from '@kcp-ts/meta';
import { revisionAt } from '@kcp-ts/storage';
import type { MergedShard, ShardsView } from '../shards.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

type State = { readonly shards: readonly MergedShard[] };

export interface SimRegister {
  current(): State;
  join(name: string, number: number, offsetMs: number): Revision;
  alive(name: string, alive: boolean): void;
  exclude(name: string, at: Revision): void;
  readmit(name: string): void;
  /** Each replica has one. */
  view(): SimView;
}

export interface SimView extends ShardsView {
  /** Whether the register and the replica reach each other. */
  connected: boolean;
}

const aheadMs = 1_500;
const lookMs = 100;

export function createSimRegister(time: VirtualTime, chance: Chance): SimRegister {
  let state: State = { shards: [] };
  const wall = time.clock(() => 0).now;

  function change(name: string, next: (shard: MergedShard) => MergedShard): void {
    state = { shards: state.shards.map((shard) => (shard.name === name ? next(shard) : shard)) };
  }

  function createView(): SimView {
    const listeners = new Set<(heard: State) => void>();
    let heard = state;
    let asOf = time.now();
    let lastArrival = 0;
    const view: SimView = {
      connected: true,
      current: () => heard,
      silentForMs: () => time.now() - asOf,
      follow(listener) {
        listeners.add(listener);
        listener(heard);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    };
    function hear(said: State, saidAt: number): void {
      asOf = saidAt;
      if (said === heard) return;
      heard = said;
      for (const listener of listeners) listener(heard);
    }
    function look(): void {
      if (view.connected) {
        const [said, saidAt] = [state, time.now()];
        lastArrival = Math.max(lastArrival, time.now() + chance.between(1, chance.happens(0.05) ? 800 : 30));
        time.at(lastArrival, () => hear(said, saidAt));
      }
      time.after(lookMs, look);
    }
    look();
    return view;
  }

  return {
    current: () => state,
    join(name, number, offsetMs) {
      const joinRevision = revisionAt(wall() + offsetMs + aheadMs);
      const shard: MergedShard = { name, number, joinRevision, alive: true, excludedAt: undefined, absences: [] };
      state = { shards: [...state.shards, shard] };
      return joinRevision;
    },
    alive: (name, alive) => change(name, (shard) => (shard.alive === alive ? shard : { ...shard, alive })),
    exclude: (name, at) =>
      change(name, (shard) => (shard.excludedAt === undefined ? { ...shard, excludedAt: at } : shard)),
    readmit: (name) =>
      change(name, ({ excludedAt, ...shard }) => {
        if (excludedAt === undefined) return { ...shard, excludedAt };
        const absence = { after: excludedAt, upTo: revisionAt(wall() + aheadMs) };
        return { ...shard, excludedAt: undefined, absences: [...shard.absences, absence] };
      }),
    view: createView,
  };
}
