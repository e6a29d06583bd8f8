/** The shard that a new workspace goes to. */
import { labelSelectorOf, matchesLabels } from '@kcp-ts/meta';
import type { Shard, Workspace } from './types.ts';
import { unschedulableAnnotation } from './types.ts';

export const noShardMessage = 'No available shards to schedule the workspace';

/** Shards that a workspace may go to: selected by its location, and not marked unschedulable. */
export function schedulableShards(workspace: Workspace, shards: readonly Shard[]): readonly Shard[] {
  const selector = labelSelectorOf(workspace.spec?.location?.selector ?? {});
  return shards.filter(
    ({ metadata }) =>
      metadata.annotations?.[unschedulableAnnotation] === undefined && matchesLabels(selector, metadata.labels),
  );
}
