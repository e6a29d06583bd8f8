/**
 * What a shard serves with, whichever ownership it serves under: who asks, and what is composed
 * when it is owned.
 */
import type { Authenticator, ServiceAccountTokens, TokenFile } from '@kcp-ts/authn';
import { createServiceAuthenticator, createServicePeers, createStoredServiceAccountTokens } from '@kcp-ts/authn';
import type { Encryption } from '@kcp-ts/encryption';
import type {
  AdminTokens,
  Listener,
  RoleReport,
  ServiceAccountKeyFiles,
  ServiceContext,
  ShardTls,
} from '@kcp-ts/program';
import type { OwnedData, ShardUrls } from '@kcp-ts/sharding';
import type { Shard } from './compose.ts';
import { composeShard } from './compose.ts';
import type { ShardConfig } from './options.ts';

export interface Serving extends ServiceContext<ShardConfig> {
  readonly urls: ShardUrls;
  readonly tls: Pick<ShardTls, 'servingCa' | 'peers'>;
  readonly serviceAccountKeys: ServiceAccountKeyFiles;
  readonly tokens: AdminTokens;
  readonly tokenFile: TokenFile | undefined;
  readonly encryption: Encryption;
}

/**
 * `serviceAccounts`: undefined while the process has no store that says which accounts there are.
 */
export function authenticatorOf(
  { config, clock, tokens, tokenFile, tls }: Serving,
  serviceAccounts: ServiceAccountTokens | undefined,
): Authenticator {
  return createServiceAuthenticator({
    clock,
    anonymous: config.anonymousAuth,
    adminTokens: tokens.hashed,
    tokenFile,
    serviceAccounts,
    peerCa: tls.peers,
    kind: 'shard',
    name: config.shardName,
  });
}

function composeOwned(serving: Serving, data: OwnedData, role: RoleReport | undefined): Promise<Shard> {
  const { config, clock, random, log, urls, tls, load } = serving;
  const { store, installation, shardNumber, report } = data;
  const otherShards = installation?.otherShards;
  const tokens = createStoredServiceAccountTokens({
    store,
    keys: serving.serviceAccountKeys.current,
    clock,
    random,
    isOnAnotherShard: otherShards?.hasServiceAccount,
  });
  return composeShard({
    store,
    clock,
    random,
    shardName: config.shardName,
    shardNumber,
    otherShards,
    report,
    role,
    load,
    holdsRoot: config.rootShardName === config.shardName,
    externalUrl: urls.externalUrl,
    virtualWorkspaceUrl: urls.virtualWorkspaceUrl,
    caBundle: tls.servingCa,
    homeWorkspaces: config.enableHomeWorkspaces,
    homeCreatorGroups: config.homeWorkspacesHomeCreatorGroups,
    tokens,
    authenticator: authenticatorOf(serving, tokens),
    isService: tls.peers === undefined ? undefined : createServicePeers({ peerCa: tls.peers }),
    requestLog: { enabled: () => serving.logging.verbosity() >= 3, write: (line) => log.info(line, 'HTTP') },
    logFault: (id, error) => log.error({ id, err: error.cause }, error.message),
    encryption: serving.encryption,
    onRewritten: (count) => log.info({ count }, 'objects were encrypted again with the key that is used now'),
    logController: (name, key, error) =>
      log.warn({ controller: name, key, err: error }, 'reconciling failed; it is tried again'),
  });
}

/** Resolves when requests are served from what is owned. */
export async function serveOwned(
  serving: Serving,
  owned: OwnedData,
  role: RoleReport | undefined,
  listener: Pick<Listener, 'serve'>,
): Promise<Pick<Shard, 'drain' | 'endWatches'> & AsyncDisposable> {
  const shard = await composeOwned(serving, owned, role);
  const following = owned.follow(shard);
  owned.installation?.onProgressRequest(shard.requestProgress);
  listener.serve(shard.handler, owned.holds);
  return {
    drain: shard.drain,
    endWatches: shard.endWatches,
    async [Symbol.asyncDispose]() {
      following?.[Symbol.dispose]();
      await shard[Symbol.asyncDispose]();
    },
  };
}
