/** Where the kinds that root exports are stored. */
import type { RootResources } from './root-resources.ts';

/** Each is asked when it is needed: identities are not known before the bootstrap. */
export interface RootPrefixes {
  workspacesPrefix(): string;
  typesPrefix(): string;
  shardsPrefix(): string;
  setsPrefix(): string;
  partitionsPrefix(): string;
}

export function rootPrefixesOf({ prefix }: Pick<RootResources, 'prefix'>): RootPrefixes {
  return {
    workspacesPrefix: () => prefix('tenancy.kcp.io', 'workspaces'),
    typesPrefix: () => prefix('tenancy.kcp.io', 'workspacetypes'),
    shardsPrefix: () => prefix('core.kcp.io', 'shards'),
    setsPrefix: () => prefix('topology.kcp.io', 'partitionsets'),
    partitionsPrefix: () => prefix('topology.kcp.io', 'partitions'),
  };
}
