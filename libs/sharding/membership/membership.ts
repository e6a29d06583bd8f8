/**
 * What all services of an installation agree on: which shards and services there are, where they
 * are reached, which of them are alive, and which shards are excluded from merged streams.
 * (docs/order-and-durability.md, "Several shards".)
 */
import type { Revision } from '@kcp-ts/api';

export type ServiceKind = 'front-proxy' | 'cache-server' | 'virtual-workspaces';

export interface ShardAddress {
  readonly name: string;
  /** `https://host:port`, where other services reach its API. */
  readonly baseUrl: string;
  /** `host:port` of its gRPC. */
  readonly rpcAddress: string;
  /** Where clients reach workspaces. */
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ShardRecord extends ShardAddress {
  /** Given once, never given again. */
  readonly number: number;
  /** The shard commits above it only. */
  readonly joinRevision: Revision;
  readonly alive: boolean;
  /** Its progress when it was excluded. */
  readonly excludedAt: Revision | undefined;
  /**
   * Times in which it was excluded, oldest first: nobody resumes a merged stream from inside one.
   */
  readonly absences: readonly Absence[];
}

/**
 * A time in which a shard was excluded: merged streams that ran through it have shown nothing that
 * it committed meanwhile.
 */
export interface Absence {
  /** Its progress when it was excluded: everything up to it had been shown. */
  readonly after: Revision;
  /** From where on it counts again: `joinAheadMs` ahead of its return, as a join. */
  readonly upTo: Revision;
}

export interface ServiceRecord {
  readonly kind: ServiceKind;
  readonly name: string;
  /** `host:port` of its gRPC, where it is called that way. */
  readonly rpcAddress?: string;
  readonly baseUrl: string;
}

export interface MembershipState {
  /** By number. */
  readonly shards: readonly ShardRecord[];
  /** Those that are alive. */
  readonly services: readonly ServiceRecord[];
}

/** Which shards there are, and how new that is: what merged streams look at. */
export interface ShardsView {
  current(): Pick<MembershipState, 'shards'>;
  /** Called with the state now, and with each later one. */
  follow(listener: (state: Pick<MembershipState, 'shards'>) => void): Disposable;
  /** Milliseconds since the state was the newest, for all that can be said. */
  silentForMs(): number;
  /**
   * Asks at once whether the state is the newest. Resolves when the answer has come, whatever it
   * is, and after a second where none comes: `silentForMs` says what is known then. Questions at
   * one time are one.
   */
  refresh(): Promise<void>;
}

export interface Membership extends ShardsView, AsyncDisposable {
  /**
   * Joins the installation, or comes back to it, and keeps itself alive from then on. A first join
   * counts from `joinAheadMs` ahead.
   */
  join(shard: ShardAddress): Promise<ShardRecord>;
  /** Says that a service is there, for as long as it is. */
  announce(service: ServiceRecord): Promise<void>;
  /** Takes a shard out for good. */
  leave(name: string): Promise<void>;
  /**
   * Excludes a shard that has made progress up to `at`; the first one to say so is right. Resolves
   * to what holds.
   */
  exclude(name: string, at: Revision): Promise<Revision>;
  /** Lets it take part again, and records its absence. */
  readmit(name: string): Promise<void>;
  current(): MembershipState;
  follow(listener: (state: MembershipState) => void): Disposable;
}

/**
 * How far ahead of the clock a first join, or a return, counts, in milliseconds. By then every feed
 * consumer knows of it or has been pausing for not receiving the membership: half a second of
 * silence, half a second between two clocks, and half a second to spare. What is longer keeps
 * clients waiting for a shard that is back.
 */
export const joinAheadMs = 1_500;

const absencesMax = 16;

/**
 * Those that are kept: where they become many, the two oldest are taken for one that spans both.
 */
export function withAbsence(absences: readonly Absence[], absence: Absence): readonly Absence[] {
  const all = [...absences, absence];
  const [first, second] = all;
  if (all.length <= absencesMax || first === undefined || second === undefined) return all;
  return [{ after: first.after, upTo: second.upTo }, ...all.slice(2)];
}

/** The cache-servers that are alive, where they are called. */
export function cacheServersOf({
  services,
}: Pick<MembershipState, 'services'>): readonly { readonly name: string; readonly rpcAddress: string }[] {
  return services.flatMap(({ kind, name, rpcAddress }) =>
    kind === 'cache-server' && rpcAddress !== undefined ? [{ name, rpcAddress }] : [],
  );
}
