/**
 * The rules about bindings, claims and clusters that a simulation can leave out, to show that each
 * of them is needed. They are left out around the code, not in it.
 */
export interface ApiRules {
  /**
   * What a claim showed at a revision is what the bindings were at that revision, not what they are
   * now.
   */
  readonly claimsAsOf: boolean;
  /** Who had bound what at a revision is what the bindings were at that revision. */
  readonly boundAsOf: boolean;
  /** What a claim comes to show or hide is committed again. */
  readonly relabel: boolean;
  /**
   * What decides by reading others, a reconciler or a write that is labelled by claims, commits
   * only where that is unchanged.
   */
  readonly decisions: boolean;
  /** A cluster that goes takes nothing new. */
  readonly closedClusters: boolean;
  /** The LogicalCluster goes last of what is in a cluster. */
  readonly clusterLast: boolean;
}

export const allApiRules: ApiRules = {
  claimsAsOf: true,
  boundAsOf: true,
  relabel: true,
  decisions: true,
  closedClusters: true,
  clusterLast: true,
};
