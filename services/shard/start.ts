/** Starts a shard with its server, and stops it: what the program and the tests call. */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ServiceAccount } from '@kcp-ts/authn';
import { createAuthenticator, createServiceAccountTokens, createServicePeers, openTokenFile } from '@kcp-ts/authn';
import type { Clock, Random, UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom, processMemory, releaseMemory } from '@kcp-ts/base';
import type { Exchange } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import {
  addressOf,
  advertisedHostOf,
  createLogger,
  createServiceLoad,
  etcdOptionsOf,
  localHostOf,
  startInRootDirectory,
} from '@kcp-ts/installation';
import type { KubeObject } from '@kcp-ts/meta';
import type { EtcdReplica, Store, StoreOptions } from '@kcp-ts/storage';
import { formatKey, openEtcdReplica, openLmdbStore, parseStored } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { AmongOthers } from './among-others.ts';
import { amongServices } from './among-others.ts';
import { ensureCertificates } from './certificates.ts';
import type { Shard } from './compose.ts';
import { composeShard } from './compose.ts';
import type { ShardConfig } from './config.ts';
import type { Installation } from './installation.ts';
import { joinInstallation } from './installation.ts';
import type { JoinNeeds } from './join.ts';
import { joinOthers } from './join.ts';
import type { AdminTokens } from './kubeconfig.ts';
import { prepareAdminTokens, writeKubeconfig } from './kubeconfig.ts';
import type { Peers } from './peers.ts';

export interface RunningShard extends AsyncDisposable {
  /** Resolves when another process has taken the shard over: this one must end. Never, for a shard that stands alone. */
  readonly lost: Promise<Error>;
  readonly port: number;
  readonly externalUrl: string;
  readonly kubeconfigPath: string;
}

const drainMs = 5_000;

function urlsOf(
  config: ShardConfig,
  own: string,
): { readonly externalUrl: string; readonly virtualWorkspaceUrl: string } {
  const baseUrl = config.shardBaseUrl === '' ? own : config.shardBaseUrl;
  const externalUrl = config.shardExternalUrl === '' ? baseUrl : config.shardExternalUrl;
  return {
    externalUrl,
    virtualWorkspaceUrl: config.shardVirtualWorkspaceUrl === '' ? baseUrl : config.shardVirtualWorkspaceUrl,
  };
}

interface AuthenticatorNeeds {
  readonly config: ShardConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: Store;
  /** PEM of the key that signs service accounts' tokens. */
  readonly key: string;
  readonly tokens: AdminTokens;
  readonly peers: Peers | undefined;
}

function findServiceAccount(store: Store, { cluster, namespace, name, uid }: ServiceAccount): boolean {
  const parts = { group: '', resource: 'serviceaccounts', identity: '-', cluster, namespace, name } as const;
  const entry = store.get(formatKey(parts));
  return entry !== undefined && parseStored<KubeObject>(entry.value).metadata.uid === uid;
}

function holdsToken(store: Store, { cluster, namespace }: ServiceAccount, name: string, token: string): boolean {
  const parts = { group: '', resource: 'secrets', identity: '-', cluster, namespace, name } as const;
  const entry = name === '' ? undefined : store.get(formatKey(parts));
  if (entry === undefined) return false;
  const { data } = parseStored<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(entry.value);
  return data?.['token'] === Buffer.from(token).toString('base64');
}

/** Every way of saying who one is: administrators' tokens, the token file, service accounts, and certificates, which need nothing here. */
async function openAuthenticator({ config, clock, random, log, store, key, tokens, peers }: AuthenticatorNeeds) {
  const serviceAccounts = createServiceAccountTokens({
    privateKey: key,
    clock,
    random,
    validate: (account) => findServiceAccount(store, account) || (peers?.hasServiceAccount(account) ?? false),
    holdsToken: (account, secret, token) => holdsToken(store, account, secret, token),
  });
  const path = config.tokenAuthFile;
  const onError = (error: unknown) => log.error({ err: error }, 'the token file cannot be read');
  const tokenFile = path === '' ? undefined : await openTokenFile({ path, clock, onError });
  const anonymous = config.anonymousAuth;
  const authenticator = createAuthenticator({
    clock,
    anonymous,
    adminTokens: tokens.hashed,
    tokenFile,
    serviceAccounts,
  });
  return { authenticator, serviceAccounts };
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

/** What is answered before the shard is there: it lives, and is not ready. */
function answerStarting(exchange: Exchange): void {
  const path = exchange.url.split('?', 1)[0];
  if (path === '/livez' || path === '/healthz') exchange.respond(200, { 'content-type': 'text/plain' }, 'ok');
  else exchange.respond(503, { 'retry-after': '1' });
}

interface Opened extends AsyncDisposable {
  readonly lost: Promise<Error>;
  /** Whether what was read may be answered. */
  holds(): boolean;
  readonly store: Store;
  readonly shardNumber: number;
  readonly installation: Installation | undefined;
  readonly amongOthers: AmongOthers | undefined;
  /** Told the shards that are in the installation, as Shard objects are to say. */
  follow(shard: Shard): Disposable | undefined;
}

function logStoreFault(log: Logger): NonNullable<StoreOptions['onFault']> {
  return (why, cause) => {
    if (why === undefined) log.info('the store takes commits again');
    else log.error({ err: cause }, `commits fail: ${why}`);
  };
}

async function openAlone({ config, clock, log }: ReplicaNeeds): Promise<Opened> {
  const path = join(config.rootDirectory, 'data');
  const store = await openLmdbStore({ path, clock, reserve: true, onFault: logStoreFault(log) });
  return {
    ...alone,
    store,
    lost: never,
    holds: () => true,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const never = new Promise<never>(() => undefined);

/** Of a shard that knows no others. */
const alone = { shardNumber: 1, installation: undefined, amongOthers: undefined, follow: () => undefined } as const;

/** One shard that stands alone, with its data in etcd. */
async function openAloneInEtcd(needs: ReplicaNeeds, random: Random): Promise<Opened> {
  const replica = await openReplica(needs, random);
  const store = await replica.own();
  return {
    ...alone,
    store,
    lost: replica.lost,
    holds: replica.holds.bind(replica),
    [Symbol.asyncDispose]: () => replica[Symbol.asyncDispose](),
  };
}

type ReplicaNeeds = Pick<JoinNeeds, 'config' | 'clock' | 'log'>;

async function openReplica({ config, clock, log }: ReplicaNeeds, random: Random): Promise<EtcdReplica> {
  return openEtcdReplica({
    etcd: await etcdOptionsOf(config, config.etcdServers),
    prefix: config.etcdPrefix,
    path: join(config.rootDirectory, 'mirror'),
    owner: `${hostname()}:${process.pid}`,
    clock,
    random,
    onFault: logStoreFault(log),
    onState: (state, detail) => log.info({ state, detail }, 'the store in etcd'),
  });
}

/** Resolves when this process owns the shard: until then another one does, and this one is its standby. */
async function openAmongOthers(needs: JoinNeeds, random: Random): Promise<Opened> {
  const { config, clock, log } = needs;
  const replica = await openReplica(needs, random);
  const store = await replica.own();
  const joined = await joinOthers(needs);
  const { register, own, bus, tls, rpcPort, clocks } = joined;
  // Also where the clock is set back from here on: nothing is committed at or below what everybody was told.
  store.observe(own.joinRevision);
  const installation = await joinInstallation({
    ...{ register, own, bus, store, tls, rpcHost: config.bindAddress, rpcPort, clock, clocks, random, log },
    findServiceAccount: (account) => findServiceAccount(store, account),
  });
  return {
    store,
    lost: replica.lost,
    holds: replica.holds.bind(replica),
    shardNumber: own.number,
    installation,
    amongOthers: {
      clocks,
      refusedRevisions: installation.heard.refused,
      etcdTransactions: () => replica.transactions(),
    },
    follow(shard) {
      installation.takeOrders(shard.orders);
      if (config.rootShardName !== config.shardName) return undefined;
      const leave = (name: string) => {
        register.leave(name).catch((error: unknown) => log.error({ err: error, shard: name }, 'a shard cannot leave'));
      };
      const objects = shard.keepShards(leave);
      const following = register.follow(({ shards }) => {
        objects.joined(shards).catch((error: unknown) => log.error({ err: error }, 'Shard objects cannot be kept'));
      });
      return {
        [Symbol.dispose]() {
          following[Symbol.dispose]();
          objects[Symbol.dispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await installation[Symbol.asyncDispose]();
      await replica[Symbol.asyncDispose]();
      await joined[Symbol.asyncDispose]();
    },
  };
}

/** Where the data is follows from the flags of the store alone, whether there are others from those of NATS. */
function openStore(needs: JoinNeeds, random: Random): Promise<Opened> {
  const { config } = needs;
  if (config.natsUrl.length > 0) return openAmongOthers(needs, random);
  return config.etcdServers.length > 0 ? openAloneInEtcd(needs, random) : openAlone(needs);
}

interface ListenNeeds {
  readonly config: ShardConfig;
  readonly certificates: Awaited<ReturnType<typeof certificatesOf>>;
  /** PEM, or nothing where the shard stands alone. */
  readonly peerCa: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The port is known before the shard is, since URLs in its objects name it. */
async function listen({ config, certificates, peerCa, clock, log }: ListenNeeds) {
  let handler: Parameters<typeof createHttpServer>[0]['handler'] = answerStarting;
  let holds = () => true;
  const server = createHttpServer({
    tls: {
      certificate: certificates.serving.certificate,
      privateKey: certificates.serving.privateKey,
      clientCa: `${certificates.clientCa}${peerCa}`,
    },
    handler: (exchange) => handler(exchange),
    ...(peerCa === '' ? {} : { isService: createServicePeers({ peerCa }) }),
    mayAnswer: () => holds(),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  return {
    server,
    port,
    serve(shard: typeof handler, mayAnswer: () => boolean) {
      holds = mayAnswer;
      handler = shard;
    },
  };
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

interface StartNeeds {
  readonly config: ShardConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly uncaught: Pick<UncaughtErrors, 'count'> | undefined;
}

async function startIn({ config, clock, random, log, uncaught }: StartNeeds): Promise<RunningShard> {
  const host = config.natsUrl.length === 0 ? localHostOf(config) : advertisedHostOf(config);
  const certificates = await certificatesOf(config, host, clock);
  const peerCa = config.peerCaFile === '' ? '' : await readFile(config.peerCaFile, 'utf8');

  const load = createServiceLoad(config, uncaught);
  const { server, port, serve } = await listen({ config, certificates, peerCa, clock, log });
  load.follow(server);
  const own = `https://${addressOf(host, port)}`;
  const urls = urlsOf(config, own);
  const baseUrl = config.shardBaseUrl === '' ? own : config.shardBaseUrl;
  const opened = await openStore({ config, baseUrl, ...urls, host, clock, log }, random);
  const { store } = opened;
  const tokens = await prepareAdminTokens({
    kubeconfigPath: config.kubeconfigPath,
    tokenStorePath: config.authenticationAdminTokenPath,
    batteries: config.batteriesIncluded,
    random,
  });
  const { authenticator, serviceAccounts } = await openAuthenticator({
    ...{ config, clock, random, log, store, key: certificates.serviceAccountKey, tokens },
    peers: opened.installation?.peers,
  });
  const shard = await composeShard({
    store,
    clock,
    random,
    shardName: config.shardName,
    shardNumber: opened.shardNumber,
    peers: opened.installation?.peers,
    amongOthers: opened.amongOthers,
    holdsRoot: config.rootShardName === config.shardName,
    ...urls,
    caBundle: certificates.servingCa,
    homeWorkspaces: config.enableHomeWorkspaces,
    load,
    homeCreatorGroups: config.homeWorkspacesHomeCreatorGroups,
    tokens: serviceAccounts,
    authenticator: amongServices(authenticator, { peerCa, shard: config.shardName, clock }),
    ...(peerCa === '' ? {} : { isService: createServicePeers({ peerCa }) }),
    logFault: (id, error) => log.error({ id, err: error.cause }, error.message),
    logController: (name, key, error) =>
      log.warn({ controller: name, key, err: error }, 'reconciling failed; it is tried again'),
  });
  const following = opened.follow(shard);
  opened.installation?.onNudge(shard.nudge);
  serve(shard.handler, opened.holds);
  const release = releaseMemory({ clock, operations: () => store.statistics().operations, ...processMemory() });
  await writeKubeconfig({
    path: config.kubeconfigPath,
    externalUrl: urls.externalUrl,
    servingCa: certificates.servingCa,
    tokens,
  });
  return {
    port,
    lost: opened.lost,
    externalUrl: urls.externalUrl,
    kubeconfigPath: config.kubeconfigPath,
    async [Symbol.asyncDispose]() {
      release[Symbol.dispose]();
      following?.[Symbol.dispose]();
      shard.drain();
      const closed = server.close({ drainMs });
      await shard[Symbol.asyncDispose]();
      await closed;
      await opened[Symbol.asyncDispose]();
    },
  };
}
