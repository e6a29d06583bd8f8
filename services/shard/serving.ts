/**
 * What a shard serves with, whichever ownership it serves under: who asks, what is composed when it
 * is owned, and what is answered when it is not.
 */
import { createStandbyServer } from '@kcp-ts/apiserver';
import type { Authenticator, AuthenticatorOptions, TokenFile } from '@kcp-ts/authn';
import {
  createAuthenticator,
  createServiceAccountTokens,
  createServicePeers,
  findServiceAccount,
  holdsToken,
  withServiceAssertions,
} from '@kcp-ts/authn';
import type { ExchangeHandler } from '@kcp-ts/http';
import { createMetricsPage } from '@kcp-ts/observability';
import type {
  AdminTokens,
  Listener,
  RoleReport,
  ServiceAccountKeyFiles,
  ServiceCertificates,
  ServiceContext,
} from '@kcp-ts/program';
import type { OwnedData } from '@kcp-ts/sharding';
import type { Shard } from './compose.ts';
import { composeShard } from './compose.ts';
import type { ShardConfig } from './config.ts';
import type { Urls } from './urls.ts';

export interface Serving extends ServiceContext<ShardConfig> {
  readonly urls: Urls;
  readonly certificates: ServiceCertificates;
  /** PEM; '' where the shard stands alone. */
  readonly peerCa: string;
  readonly serviceAccountKeys: ServiceAccountKeyFiles;
  readonly tokens: AdminTokens;
  readonly tokenFile: TokenFile | undefined;
}

/**
 * Every way of saying who one is: administrators' tokens, the token file, service accounts, and
 * certificates, which need nothing here.
 */
function authenticatorOf(serving: Serving, serviceAccounts: AuthenticatorOptions['serviceAccounts']): Authenticator {
  const { config, clock, tokens, tokenFile, peerCa } = serving;
  const anonymous = config.anonymousAuth;
  const authenticator = createAuthenticator({
    clock,
    anonymous,
    adminTokens: tokens.hashed,
    tokenFile,
    serviceAccounts,
  });
  return withServiceAssertions(authenticator, { peerCa, kind: 'shard', name: config.shardName, clock });
}

function composeOwned(serving: Serving, data: OwnedData, role: RoleReport | undefined): Promise<Shard> {
  const { config, clock, random, log, urls, certificates, peerCa, load } = serving;
  const { store, installation } = data;
  const serviceAccounts = createServiceAccountTokens({
    keys: serving.serviceAccountKeys.current,
    clock,
    random,
    validate: (account) =>
      findServiceAccount(store, account) || (installation?.otherShards.hasServiceAccount(account) ?? false),
    holdsToken: (account, secret, token) => holdsToken(store, account, secret, token),
  });
  return composeShard({
    store,
    clock,
    random,
    shardName: config.shardName,
    shardNumber: data.shardNumber,
    otherShards: installation?.otherShards,
    report: data.report,
    role,
    holdsRoot: config.rootShardName === config.shardName,
    externalUrl: urls.externalUrl,
    virtualWorkspaceUrl: urls.virtualWorkspaceUrl,
    caBundle: certificates.servingCa,
    homeWorkspaces: config.enableHomeWorkspaces,
    load,
    homeCreatorGroups: config.homeWorkspacesHomeCreatorGroups,
    tokens: serviceAccounts,
    authenticator: authenticatorOf(serving, serviceAccounts),
    ...(peerCa === '' ? {} : { isService: createServicePeers({ peerCa }) }),
    logFault: (id, error) => log.error({ id, err: error.cause }, error.message),
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
): Promise<Pick<Shard, 'drain'> & AsyncDisposable> {
  const shard = await composeOwned(serving, owned, role);
  const following = owned.follow(shard);
  owned.installation?.onProgressRequest(shard.requestProgress);
  listener.serve(shard.handler, owned.holds);
  return {
    drain: shard.drain,
    async [Symbol.asyncDispose]() {
      following?.[Symbol.dispose]();
      await shard[Symbol.asyncDispose]();
    },
  };
}

/** What is answered while the shard is not served: probes, and the metrics of the process. */
export function standbyHandler(serving: Serving, role: RoleReport): ExchangeHandler {
  const { random, log, load } = serving;
  return createStandbyServer({
    random,
    checks: [{ name: 'ping', live: true, check: () => undefined }, role.check, role.serving],
    authenticate: authenticatorOf(serving, undefined).authenticate,
    metrics: createMetricsPage([...load.series, ...role.series]),
    unavailable: role.unavailable,
    logFault: ({ id }, error) => log.error({ id, err: error.cause }, error.message),
  });
}
