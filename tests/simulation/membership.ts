/** The membership, as one process receives it: late, and at times not at all. */
import type { InProcessRegistry, Membership, MembershipState, ShardAddress, ShardRecord } from '@kcp-ts/sharding';
import type { SimProcess } from './process.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimMembership
  extends Pick<Membership, 'current' | 'follow' | 'silentForMs' | 'refresh' | 'exclude' | 'readmit'> {
  /** Whether the membership and the process reach each other. */
  connected: boolean;
  /**
   * Joins, and is alive from then on. Rejects where `mayJoin` says no when the membership is asked.
   */
  join(shard: ShardAddress, mayJoin: () => boolean): Promise<ShardRecord>;
  /** Its lease has ended. */
  lapse(): void;
}

export interface RegisterDependencies {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly registry: InProcessRegistry;
}

const lookMs = 100;

/** Its own shard alone: all that it needs of the others comes later. */
export function followMembership({ time, chance, registry }: RegisterDependencies, process: SimProcess): SimMembership {
  let inner = registry.open(process.clock);
  const listeners = new Set<(state: MembershipState) => void>();
  let truth = inner.current();
  let known = truth;
  let asOfMs = time.now();
  let lastArrival = 0;
  inner.follow((state) => {
    truth = state;
  });

  function travel(): number {
    return chance.between(1, chance.happens(0.02) ? 700 : 20);
  }

  async function reach(): Promise<void> {
    await new Promise<void>((resolve) => void process.clock.setTimer(travel(), resolve));
    if (!membership.connected) throw new Error('the membership cannot be reached');
  }

  function look(): void {
    process.clock.setTimer(lookMs, look);
    if (!membership.connected) return;
    const [said, saidAtMs] = [truth, time.now()];
    lastArrival = Math.max(lastArrival, time.now() + travel());
    time.at(lastArrival, () =>
      process.deliver(() => {
        if (!membership.connected) return;
        asOfMs = saidAtMs;
        if (said === known) return;
        known = said;
        for (const listener of listeners) listener(known);
      }),
    );
  }

  const membership: SimMembership = {
    connected: true,
    current: () => known,
    silentForMs: () => time.now() - asOfMs,
    refresh: () => new Promise((resolve) => void process.clock.setTimer(lookMs, resolve)),
    follow(listener) {
      listeners.add(listener);
      listener(known);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async exclude(name, at) {
      await reach();
      return inner.exclude(name, at);
    },
    async readmit(name) {
      await reach();
      await inner.readmit(name);
    },
    async join(shard, mayJoin) {
      await reach();
      if (!mayJoin()) throw new Error('another process is this shard by now');
      return inner.join(shard);
    },
    lapse() {
      void inner[Symbol.asyncDispose]();
      inner = registry.open(process.clock);
    },
  };
  look();
  return membership;
}
