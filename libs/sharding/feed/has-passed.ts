import type { Revision } from '@kcp-ts/api';
import { RpcError } from '@kcp-ts/rpc';
import type { FollowedShardState } from './followed-shard-state.ts';

/**
 * Whether the shard says of itself that nothing more will be committed up to a revision: one that
 * has lost its place cannot.
 */
export async function hasPassed(
  { client, shard }: Pick<FollowedShardState, 'client' | 'shard'>,
  revision: Revision,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<boolean> {
  try {
    for await (const { progress } of client.call.fetch({ shard: shard.name, after: revision }, options))
      if (progress >= revision) return true;
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
  }
  return false;
}
