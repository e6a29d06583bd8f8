/** The URLs at which a shard is reached. */
import type { ShardAddress } from '../membership/membership.ts';

export type ShardUrls = Pick<ShardAddress, 'baseUrl' | 'externalUrl' | 'virtualWorkspaceUrl'>;

/** Each is empty where it is that of another one. */
export interface ShardUrlFlags {
  readonly shardBaseUrl: string;
  readonly shardExternalUrl: string;
  readonly shardVirtualWorkspaceUrl: string;
}

/** `own`: of the listening server. */
export function shardUrlsOf(
  { shardBaseUrl, shardExternalUrl, shardVirtualWorkspaceUrl }: ShardUrlFlags,
  own: string,
): ShardUrls {
  const baseUrl = shardBaseUrl || own;
  return {
    baseUrl,
    externalUrl: shardExternalUrl || baseUrl,
    virtualWorkspaceUrl: shardVirtualWorkspaceUrl || baseUrl,
  };
}
