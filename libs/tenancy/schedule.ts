/** The shard that a new workspace goes to. */
import { compileLabelSelector, labelSelectorOf } from '@kcp-ts/api';
import type { Shard, Workspace } from './types.ts';
import { unschedulableAnnotation } from './types.ts';

/** What the choice of a shard needs to know beside the Shard objects. */
export interface Placing {
  /** The name of the shard that chooses. */
  readonly ownShard: string;
  /**
   * How many logical clusters a shard has, as far as is known here; undefined for a shard that
   * cannot take any now.
   */
  load(shard: string): number | undefined;
}

/**
 * A workspace stays on the shard of its parent while that has at most so many clusters more than
 * the emptiest: one commit makes it there, three on other shards, and the shards stay level all the
 * same.
 */
const leanMin = 8;
const leanShare = 0.05;

/**
 * The emptiest of the shards that can take a workspace, and this shard where it is hardly fuller.
 */
export function chooseShard(candidates: readonly Shard[], placing: Placing): Shard | undefined {
  let chosen: { readonly shard: Shard; readonly load: number } | undefined;
  let own: { readonly shard: Shard; readonly load: number } | undefined;
  for (const shard of candidates) {
    const load = placing.load(shard.metadata.name);
    if (load === undefined) continue;
    if (chosen === undefined || load < chosen.load) chosen = { shard, load };
    if (shard.metadata.name === placing.ownShard) own = { shard, load };
  }
  if (chosen === undefined || own === undefined) return chosen?.shard;
  const lean = Math.max(leanMin, Math.ceil(chosen.load * leanShare));
  return own.load <= chosen.load + lean ? own.shard : chosen.shard;
}

export const noShardMessage = 'No available shards to schedule the workspace';

/** Shards that a workspace may go to: selected by its location, and not marked unschedulable. */
export function schedulableShards(workspace: Workspace, shards: readonly Shard[]): readonly Shard[] {
  const matches = compileLabelSelector(labelSelectorOf(workspace.spec?.location?.selector ?? {}));
  return shards.filter(
    ({ metadata }) => metadata.annotations?.[unschedulableAnnotation] === undefined && matches(metadata.labels),
  );
}
