/**
 * How old what is known of other shards may be for a decision: past that, the service that must
 * know asks, or refuses.
 */

/** A right that was revoked must not live on for longer behind a connection that is broken. */
const freshMs = 10_000;

export interface ViewAge {
  /** The shard that has the cluster; undefined where no other shard is known to. */
  readonly shard: string | undefined;
  /** Whether the membership says that it is alive. */
  readonly alive: boolean;
  /** Since what is known of the membership was the newest. */
  readonly membershipSilentMs: number;
  /** Since the shard's feed was last known to be complete; undefined: it never was. */
  readonly ageMs: number | undefined;
}

/**
 * Whether what is known of a cluster of another shard may decide. Of a shard that is down nothing
 * can have changed; but that it is down is only known while the membership answers.
 */
export function isFreshView({ shard, alive, membershipSilentMs, ageMs }: ViewAge): boolean {
  if (shard === undefined) return true;
  if (membershipSilentMs > freshMs) return false;
  return !alive || (ageMs !== undefined && ageMs < freshMs);
}
