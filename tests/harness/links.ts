/**
 * The wires of an installation: every connection from one part to another goes over a relay, which
 * can be cut, silenced and slowed for that pair.
 */
import type { Cluster, Layout, Part, Wiring } from '@kcp-ts/kcp-ts';
import type { LinkCondition, LinkRelay } from '@kcp-ts/testing';
import { ownerOfConnection, startLinkRelay } from '@kcp-ts/testing';

export interface Link {
  /** Names of parts. */
  readonly from: string;
  readonly to: string;
  /**
   * Of an etcd alone: for the shard's own store, or for what all agree on. Both, where it does not
   * say.
   */
  readonly use?: 'store' | 'coordination';
}

export interface Links extends AsyncDisposable {
  /** For the start of the installation. */
  wire(layout: Layout): Promise<Wiring>;
  /** Whose parts these are, once it is started. */
  follow(cluster: Cluster): void;
  set(link: Link, condition: LinkCondition): Promise<void>;
  /** All of them are whole again. */
  mend(): Promise<void>;
}

/**
 * Services call themselves by it; on Linux all of 127/8 is loopback, so a relay can listen there on
 * the same port.
 */
const announcedHost = '127.0.0.2';
const uses = ['store', 'coordination', 'bus'] as const;

/** Why there can be no links here; undefined where there can. */
export function missingLinks(): string | undefined {
  return process.platform === 'linux' ? undefined : 'relays between parts need the loopback network and /proc of Linux';
}

/** `stores`: ports of the etcds that some parts have for their own store, by name. */
export function createLinks(stores: ReadonlyMap<string, number> = new Map()): Links {
  /** `from to use`: each has a port of its own. */
  const pairs = new Map<string, LinkRelay>();
  /** By target: connections are distinguished by their process. */
  const shared = new Map<string, LinkRelay[]>();
  let cluster: Cluster | undefined;

  async function sourceOf(from: number, to: number): Promise<string | undefined> {
    const parts = cluster?.parts ?? [];
    const pids = parts.flatMap(({ pid }) => pid ?? []);
    const pid = await ownerOfConnection(from, to, pids);
    return parts.find((part) => part.pid !== undefined && part.pid === pid)?.part.name;
  }

  async function relayTo(part: Part): Promise<void> {
    const relays = [part.port, part.otherPort].map((port) =>
      startLinkRelay({ host: announcedHost, port, targetPort: port, sourceOf }),
    );
    shared.set(part.name, await Promise.all(relays));
  }

  const all = () => [...pairs.values(), ...[...shared.values()].flat()];
  return {
    async wire({ parts }) {
      const servers = parts.filter(({ kind }) => kind === 'etcd' || kind === 'nats');
      const services = parts.filter((part) => !servers.includes(part));
      for (const to of servers)
        for (const from of services)
          for (const use of to.kind === 'nats' ? ['bus'] : ['store', 'coordination']) {
            const targetPort = (use === 'store' ? stores.get(from.name) : undefined) ?? to.port;
            pairs.set(`${from.name} ${to.name} ${use}`, await startLinkRelay({ targetPort }));
          }
      for (const part of services) if (part.kind !== 'front-proxy') await relayTo(part);
      return {
        host: announcedHost,
        address: (from, to, use) => `127.0.0.1:${pairs.get(`${from.name} ${to.name} ${use}`)?.port ?? to.port}`,
      };
    },
    follow(started) {
      cluster = started;
    },
    async set({ from, to, use }, condition) {
      const relays = uses
        .filter((candidate) => use === undefined || use === candidate)
        .flatMap((candidate) => pairs.get(`${from} ${to} ${candidate}`) ?? []);
      const others = shared.get(to) ?? [];
      if (relays.length + others.length === 0) throw new Error(`there is no link from ${from} to ${to}`);
      for (const relay of relays) await relay.set(condition);
      for (const relay of others) await relay.set(condition, from);
    },
    async mend() {
      for (const relay of all()) await relay.set({ kind: 'open' });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all().map((relay) => relay[Symbol.asyncDispose]()));
    },
  };
}
