/**
 * The rules about the members of an etcd that a simulation can leave out, to show that each of them
 * is needed. They are left out around the code, not in it.
 */
export interface EtcdRules {
  /**
   * That everything is here is concluded from an answer that needed a majority, not from what a
   * member says alone.
   */
  readonly majorityReads: boolean;
  /**
   * A keepalive counts where a majority has confirmed afterwards that there was no election
   * meanwhile.
   */
  readonly confirmedKeepalives: boolean;
  /** A member that has no leader, or does not answer, is left for another one. */
  readonly leaving: boolean;
}

export const allEtcdRules: EtcdRules = { majorityReads: true, confirmedKeepalives: true, leaving: true };
