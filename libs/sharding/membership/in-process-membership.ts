/** The membership of services that share a process, and of tests. */
import type { Clock } from '@kcp-ts/base';
import { revisionAt } from '@kcp-ts/storage';
import type { Membership, MembershipState, ServiceRecord, ShardAddress, ShardRecord } from './membership.ts';
import { joinAheadMs, withAbsence } from './membership.ts';

/** What the memberships of one installation share. */
export interface InProcessRegistry {
  /**
   * A membership of one service's: what it keeps alive goes with it. `own`: its clock, where it is
   * not the installation's.
   */
  open(own?: Clock): Membership;
}

export function createInProcessRegistry({ clock }: { readonly clock: Clock }): InProcessRegistry {
  const shards = new Map<string, Omit<ShardRecord, 'alive'>>();
  /** Who keeps a shard alive. */
  const alive = new Map<string, Set<Membership>>();
  const services = new Map<string, ServiceRecord>();
  const listeners = new Set<(state: MembershipState) => void>();
  let nextNumber = 1;

  function current(): MembershipState {
    const all = [...shards.values()].map((shard): ShardRecord => ({ ...shard, alive: alive.has(shard.name) }));
    return { shards: all.sort((left, right) => left.number - right.number), services: [...services.values()] };
  }

  function changed(): void {
    const state = current();
    for (const listener of listeners) listener(state);
  }

  function changeShard(name: string, change: Partial<ShardRecord>): ShardRecord {
    const before = shards.get(name);
    if (before === undefined) throw new Error(`Cannot change ${name} in the membership: there is no such shard`);
    const next = { ...before, ...change };
    shards.set(name, next);
    changed();
    return { ...next, alive: alive.has(name) };
  }

  return {
    open(own = clock) {
      const ends: (() => void)[] = [];
      const membership: Membership = {
        async join(address: ShardAddress) {
          const before = shards.get(address.name);
          const joinRevision = before?.joinRevision ?? revisionAt(own.now() + joinAheadMs);
          const number = before?.number ?? nextNumber++;
          const { excludedAt, absences = [] } = before ?? {};
          shards.set(address.name, { excludedAt, ...address, number, joinRevision, absences });
          const holders = alive.get(address.name) ?? new Set();
          alive.set(address.name, holders.add(membership));
          ends.push(() => {
            holders.delete(membership);
            if (holders.size === 0 && alive.get(address.name) === holders) alive.delete(address.name);
          });
          return changeShard(address.name, {});
        },
        async announce(service) {
          const key = `${service.kind}/${service.name}`;
          services.set(key, service);
          ends.push(() => services.delete(key));
          changed();
        },
        async leave(name) {
          shards.delete(name);
          alive.delete(name);
          changed();
        },
        async exclude(name, at) {
          const held = shards.get(name)?.excludedAt;
          return held ?? changeShard(name, { excludedAt: at }).excludedAt ?? at;
        },
        async readmit(name) {
          const { excludedAt, absences = [] } = shards.get(name) ?? {};
          if (excludedAt === undefined) return;
          const absence = { after: excludedAt, upTo: revisionAt(own.now() + joinAheadMs) };
          changeShard(name, { excludedAt: undefined, absences: withAbsence(absences, absence) });
        },
        current,
        follow(listener) {
          listeners.add(listener);
          listener(current());
          return { [Symbol.dispose]: () => void listeners.delete(listener) };
        },
        silentForMs: () => 0,
        refresh: () => Promise.resolve(),
        async [Symbol.asyncDispose]() {
          for (const end of ends) end();
          changed();
        },
      };
      return membership;
    },
  };
}
