/** Where a shard's data is, and who else there is: a store of its own, or one in etcd that it owns while it may, with others or without. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { findServiceAccount } from '@kcp-ts/authn';
import type { Clock, Random } from '@kcp-ts/base';
import { rootExports } from '@kcp-ts/kinds';
import type { RootDirectoryOptions } from '@kcp-ts/program';
import { addressOf } from '@kcp-ts/program';
import type { Installation, ShardReport } from '@kcp-ts/sharding';
import { etcdOptionsOf, joinInstallation, joinOthers } from '@kcp-ts/sharding';
import type { EtcdReplica, OwnedShard, ReplicaRole, Store, StoreOptions } from '@kcp-ts/storage';
import { openEtcdReplica, openLmdbStore } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { Shard } from './compose.ts';
import type { ShardConfig } from './config.ts';
import type { Urls } from './urls.ts';

/** What there is of a shard while this process owns it. */
export interface OwnedData extends AsyncDisposable {
  readonly store: Store;
  /** Whether what was read may be answered. */
  holds(): boolean;
  /** Resolves when another process may own the shard. Never, for a store of its own. */
  readonly lost: Promise<Error>;
  readonly shardNumber: number;
  readonly installation: Installation | undefined;
  readonly report: ShardReport | undefined;
  /** Told the shards that are in the installation, as Shard objects are to say. */
  follow(shard: Shard): Disposable | undefined;
}

export interface ShardData extends AsyncDisposable {
  /** Resolves when this process owns the shard: until then another one does, and this one is its standby. Again, when that was lost. Rejects with the signal. */
  own(signal: AbortSignal): Promise<OwnedData>;
  /** Undefined where no other process can own the shard. */
  readonly role: (() => ReplicaRole) | undefined;
  /** Calls of etcd that failed while another process could own the shard. */
  etcdFailures(): number;
}

export interface DataDependencies {
  readonly config: ShardConfig;
  readonly urls: Urls;
  /** Where others reach this host. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

function labelsOf({ shardLabels }: ShardConfig): Record<string, string> {
  return Object.fromEntries(
    shardLabels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  );
}

function logStoreFault(log: Logger): NonNullable<StoreOptions['onFault']> {
  return (why, cause) => {
    if (why === undefined) log.info('the store takes commits again');
    else log.error({ err: cause }, `commits fail: ${why}`);
  };
}

const never = new Promise<never>(() => undefined);

/** Of a shard that knows no others. */
const alone = { shardNumber: 1, installation: undefined, report: undefined, follow: () => undefined } as const;

async function openEmbedded({ config, clock, log }: DataDependencies): Promise<ShardData> {
  const path = join(config.rootDirectory, 'data');
  const store = await openLmdbStore({ path, clock, reserve: true, onFault: logStoreFault(log) });
  const end = () => store[Symbol.asyncDispose]();
  return {
    own: () => Promise.resolve({ ...alone, store, lost: never, holds: () => true, [Symbol.asyncDispose]: end }),
    role: undefined,
    etcdFailures: () => 0,
    [Symbol.asyncDispose]: end,
  };
}

async function openReplica({ config, clock, log, random }: DataDependencies): Promise<EtcdReplica> {
  return openEtcdReplica({
    etcd: await etcdOptionsOf(config, config.etcdServers),
    prefix: config.etcdPrefix,
    path: join(config.rootDirectory, 'mirror'),
    owner: `${hostname()}:${process.pid}`,
    clock,
    random,
    leaseSeconds: config.leaderElectLeaseDuration,
    onFault: logStoreFault(log),
    onState(state, detail) {
      if (state === 'unavailable')
        log.warn({ state, etcd: config.etcdServers, reason: detail }, 'etcd does not answer; it is asked again');
      else log.info({ state, detail }, 'the store in etcd');
    },
  });
}

/** One that is owned among others: it joins them, and leaves them when the shard is another one's. */
async function ownAmongOthers(deps: DataDependencies, replica: EtcdReplica, owned: OwnedShard): Promise<OwnedData> {
  const { config, clock, log, random } = deps;
  const { store, holds, lost } = owned;
  let isLost = false;
  void lost.then(() => {
    isLost = true;
  });
  await using opened = new AsyncDisposableStack();
  opened.use(owned);
  const joined = opened.use(
    await joinOthers({
      config,
      own: { ...deps.urls, name: config.shardName, labels: labelsOf(config) },
      addressOf: (port) => addressOf(deps.host, port),
      clock,
      log,
    }),
  );
  const { membership, own, bus, tls, rpc, clocks } = joined;
  // Also where the clock is set back from here on: nothing is committed at or below what was promised.
  store.observe(own.joinRevision);
  const installation = await joinInstallation({
    membership,
    own,
    bus,
    store,
    tls,
    rpc,
    clock,
    clocks,
    random,
    log,
    rootExports,
    findServiceAccount: (account) => findServiceAccount(store, account),
  });
  // What others follow has ended with the ownership: they go to whoever has it now.
  opened.defer(() => installation.close(isLost ? 0 : drainMs));
  const all = opened.move();
  return {
    store,
    holds,
    lost,
    installation,
    shardNumber: own.number,
    report: {
      clocks,
      refusedRevisions: installation.received.refused,
      etcdTransactions: () => replica.transactions(),
    },
    follow(shard) {
      installation.takeRequests(shard.requests);
      if (config.rootShardName !== config.shardName) return undefined;
      const leave = (name: string) => {
        membership
          .leave(name)
          .catch((error: unknown) => log.error({ err: error, shard: name }, 'a shard cannot leave'));
      };
      const objects = shard.keepShards(leave);
      const following = membership.follow(({ shards }) => {
        objects.joined(shards).catch((error: unknown) => log.error({ err: error }, 'Shard objects cannot be kept'));
      });
      return {
        [Symbol.dispose]() {
          following[Symbol.dispose]();
          objects[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

const drainMs = 2_000;

async function openInEtcd(deps: DataDependencies): Promise<ShardData> {
  const replica = await openReplica(deps);
  const isAlone = deps.config.natsUrl.length === 0;
  return {
    async own(signal) {
      const owned = await replica.own(signal);
      return isAlone
        ? { ...alone, ...owned, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
        : ownAmongOthers(deps, replica, owned);
    },
    role: () => replica.role(),
    etcdFailures: () => replica.etcdFailures(),
    [Symbol.asyncDispose]: () => replica[Symbol.asyncDispose](),
  };
}

/** Where the data is follows from the flags of the store alone, whether there are others from those of NATS. */
export function openShardData(deps: DataDependencies): Promise<ShardData> {
  return deps.config.etcdServers.length > 0 ? openInEtcd(deps) : openEmbedded(deps);
}

const embeddedFolders = {
  stores: [{ folder: 'data', copy: false }],
  unused: [
    {
      folder: 'mirror',
      reason:
        'a mirror of a shard in etcd, and --etcd-servers is not given: give it, or choose another folder with --root-directory',
    },
  ],
};

const etcdFolders = {
  stores: [{ folder: 'mirror', copy: true }],
  unused: [
    {
      folder: 'data',
      reason:
        'the data of an embedded shard, which --etcd-servers would not serve: leave that flag out, or choose another folder with --root-directory',
    },
  ],
};

/** Which folders of the root directory hold data of this shard, and which must not. */
export function storeFoldersOf({
  etcdServers,
}: Pick<ShardConfig, 'etcdServers'>): Pick<RootDirectoryOptions, 'stores' | 'unused'> {
  return etcdServers.length === 0 ? embeddedFolders : etcdFolders;
}
