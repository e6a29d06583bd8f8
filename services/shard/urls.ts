/** The URLs at which a shard is reached. */
import type { ShardConfig } from './config.ts';

export interface Urls {
  readonly baseUrl: string;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
}

/** `own`: of the listening server. */
export function urlsOf(config: ShardConfig, own: string): Urls {
  const baseUrl = config.shardBaseUrl === '' ? own : config.shardBaseUrl;
  return {
    baseUrl,
    externalUrl: config.shardExternalUrl === '' ? baseUrl : config.shardExternalUrl,
    virtualWorkspaceUrl: config.shardVirtualWorkspaceUrl === '' ? baseUrl : config.shardVirtualWorkspaceUrl,
  };
}
