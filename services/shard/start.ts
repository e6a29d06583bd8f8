/** Starts a shard with its server, and stops it: what the program and the tests call. */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createStandbyServer } from '@kcp-ts/apiserver';
import type { AuthenticatorOptions, TokenFile } from '@kcp-ts/authn';
import { createAuthenticator, createServiceAccountTokens, createServicePeers, openTokenFile } from '@kcp-ts/authn';
import type { Clock, Random, UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom, processMemory, releaseMemory } from '@kcp-ts/base';
import type { ExchangeHandler } from '@kcp-ts/http';
import { createLogger, createMetricsPage } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import { addressOf, advertisedHostOf, createServiceLoad, localHostOf, startInRootDirectory } from '@kcp-ts/program';
import type { Logger } from 'pino';
import { amongServices } from './among-others.ts';
import { ensureCertificates } from './certificates.ts';
import { composeShard } from './compose.ts';
import type { ShardConfig } from './config.ts';
import { keepServing } from './keep-serving.ts';
import type { AdminTokens } from './kubeconfig.ts';
import { prepareAdminTokens, writeKubeconfig } from './kubeconfig.ts';
import { listen } from './listener.ts';
import type { RoleReport } from './role.ts';
import { reportRole } from './role.ts';
import type { OwnedData } from './shard-data.ts';
import { findServiceAccount, holdsToken, openShardData } from './shard-data.ts';

export interface RunningShard extends AsyncDisposable {
  readonly port: number;
  readonly externalUrl: string;
  readonly kubeconfigPath: string;
}

const drainMs = 5_000;

interface Urls {
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
}

function urlsOf(config: ShardConfig, own: string): Urls {
  const baseUrl = config.shardBaseUrl === '' ? own : config.shardBaseUrl;
  const externalUrl = config.shardExternalUrl === '' ? baseUrl : config.shardExternalUrl;
  return {
    externalUrl,
    virtualWorkspaceUrl: config.shardVirtualWorkspaceUrl === '' ? baseUrl : config.shardVirtualWorkspaceUrl,
  };
}

function certificatesOf(config: ShardConfig, host: string, clock: Clock): ReturnType<typeof ensureCertificates> {
  return ensureCertificates({
    rootDirectory: config.rootDirectory,
    hosts: [host, hostname(), config.bindAddress],
    tlsCertFile: config.tlsCertFile,
    tlsPrivateKeyFile: config.tlsPrivateKeyFile,
    clientCaFile: config.clientCaFile,
    serviceAccountKeyFile: config.serviceAccountKeyFile,
    nowMs: clock.now(),
  });
}

async function openTokens({ tokenAuthFile: path }: ShardConfig, clock: Clock, log: Logger) {
  if (path === '') return undefined;
  return openTokenFile({ path, clock, onError: (error) => log.error({ err: error }, 'the token file cannot be read') });
}

/** Resolves when the shard answers requests. `uncaught`: of the process, for the metrics. Rejects, for a person, where the root directory cannot be used. */
export async function startShard(config: ShardConfig, uncaught?: Pick<UncaughtErrors, 'count'>): Promise<RunningShard> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const log = createLogger(config.verbosity);
  return startInRootDirectory(
    {
      ...{ path: config.rootDirectory, kind: 'shard', shard: config.shardName, clock, random },
      stores: [config.etcdServers.length === 0 ? { folder: 'data', copy: false } : { folder: 'mirror', copy: true }],
      onRemoved: (folder, fault) => log.warn({ folder, fault }, 'a copy is damaged; it is made anew'),
    },
    () => startIn({ config, clock, random, log, uncaught }),
  );
}

interface StartDependencies {
  readonly config: ShardConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly uncaught: Pick<UncaughtErrors, 'count'> | undefined;
}

/** What a shard is composed of, whichever ownership it serves under. */
interface Serving extends Omit<StartDependencies, 'uncaught'> {
  readonly urls: Urls;
  readonly certificates: Awaited<ReturnType<typeof certificatesOf>>;
  readonly peerCa: string;
  readonly load: ServiceLoad;
  readonly tokens: AdminTokens;
  readonly tokenFile: TokenFile | undefined;
}

/** Every way of saying who one is: administrators' tokens, the token file, service accounts, and certificates, which need nothing here. */
function authenticatorOf(serving: Serving, serviceAccounts: AuthenticatorOptions['serviceAccounts']) {
  const { config, clock, tokens, tokenFile, peerCa } = serving;
  const anonymous = config.anonymousAuth;
  const authenticator = createAuthenticator({
    clock,
    anonymous,
    adminTokens: tokens.hashed,
    tokenFile,
    serviceAccounts,
  });
  return amongServices(authenticator, { peerCa, shard: config.shardName, clock });
}

function composeOwned(serving: Serving, data: OwnedData, role: RoleReport | undefined) {
  const { config, clock, random, log, urls, certificates, peerCa, load } = serving;
  const { store, installation } = data;
  const serviceAccounts = createServiceAccountTokens({
    privateKey: certificates.serviceAccountKey,
    clock,
    random,
    validate: (account) =>
      findServiceAccount(store, account) || (installation?.peers.hasServiceAccount(account) ?? false),
    holdsToken: (account, secret, token) => holdsToken(store, account, secret, token),
  });
  return composeShard({
    store,
    clock,
    random,
    shardName: config.shardName,
    shardNumber: data.shardNumber,
    peers: installation?.peers,
    amongOthers: data.amongOthers,
    role,
    holdsRoot: config.rootShardName === config.shardName,
    ...urls,
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

/** What is answered while the shard is not served: probes, and the metrics of the process. */
function standbyHandler(serving: Serving, role: RoleReport): ExchangeHandler {
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

async function startIn({ config, clock, random, log, uncaught }: StartDependencies): Promise<RunningShard> {
  const host = config.natsUrl.length === 0 ? localHostOf(config) : advertisedHostOf(config);
  const certificates = await certificatesOf(config, host, clock);
  const peerCa = config.peerCaFile === '' ? '' : await readFile(config.peerCaFile, 'utf8');

  const load = createServiceLoad(config, uncaught);
  const { server, port, serve } = await listen({ config, certificates, peerCa, clock, log });
  load.follow(server);
  const own = `https://${addressOf(host, port)}`;
  const urls = urlsOf(config, own);
  const baseUrl = config.shardBaseUrl === '' ? own : config.shardBaseUrl;
  const tokens = await prepareAdminTokens({
    kubeconfigPath: config.kubeconfigPath,
    tokenStorePath: config.authenticationAdminTokenPath,
    batteries: config.batteriesIncluded,
    random,
  });
  const tokenFile = await openTokens(config, clock, log);
  const data = await openShardData({ config, baseUrl, ...urls, host, clock, log, random });
  const serving: Serving = { config, clock, random, log, urls, certificates, peerCa, load, tokens, tokenFile };
  let owned: OwnedData | undefined;
  const role = data.role === undefined ? undefined : reportRole(data.role, () => owned?.holds() ?? false);
  const standby = role === undefined ? undefined : standbyHandler(serving, role);
  const running = await keepServing({
    own: data.own,
    clock,
    standBy() {
      if (standby !== undefined) serve(standby);
    },
    async serve(taken) {
      owned = taken;
      const shard = await composeOwned(serving, taken, role);
      const following = taken.follow(shard);
      taken.installation?.onProgressRequest(shard.requestProgress);
      serve(shard.handler, taken.holds);
      return {
        drain: shard.drain,
        async [Symbol.asyncDispose]() {
          following?.[Symbol.dispose]();
          await shard[Symbol.asyncDispose]();
        },
      };
    },
    onLost: (error) => log.warn({ err: error }, 'the shard is no longer owned by this process, which stands by'),
    onError: (error) => log.error({ err: error }, 'the shard cannot be served; it is tried again'),
  });
  const operations = () => owned?.store.statistics().operations ?? 0;
  const release = releaseMemory({ clock, operations, ...processMemory() });
  await writeKubeconfig({
    path: config.kubeconfigPath,
    externalUrl: urls.externalUrl,
    servingCa: certificates.servingCa,
    tokens,
  });
  return {
    port,
    externalUrl: urls.externalUrl,
    kubeconfigPath: config.kubeconfigPath,
    async [Symbol.asyncDispose]() {
      release[Symbol.dispose]();
      running.drain();
      const closed = server.close({ drainMs });
      await running.stop(() => closed);
      await data[Symbol.asyncDispose]();
      tokenFile?.[Symbol.dispose]();
    },
  };
}
