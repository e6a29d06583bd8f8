/**
 * Where a shard's data is, and who else there is: a store of its own, or one in etcd that it owns
 * while it may, with others or without.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { EtcdOptions } from '@kcp-ts/etcd';
import type { EtcdReplica, StoreOptions } from '@kcp-ts/storage';
import { openEtcdReplica, openLmdbStore } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import { followEtcdOptions } from '../membership/connections.ts';
import { joinWithData } from './join-with-data.ts';
import type { DataDependencies, ShardData } from './owned-data.ts';

function logStoreFault(log: Logger): NonNullable<StoreOptions['onFault']> {
  return (why, cause) => {
    if (why === undefined) log.info('the store takes commits again');
    else log.error({ err: cause }, `commits fail: ${why}`);
  };
}

const never = new Promise<never>(() => undefined);

/** Of a shard that knows no others. */
const alone = { shardNumber: 1, installation: undefined, report: undefined, follow: () => undefined } as const;

async function openEmbedded({ config, clock, log, transformer }: DataDependencies): Promise<ShardData> {
  const path = join(config.rootDirectory, 'data');
  const store = await openLmdbStore({ path, clock, reserve: true, transformer, onFault: logStoreFault(log) });
  const end = () => store[Symbol.asyncDispose]();
  return {
    own: () => Promise.resolve({ ...alone, store, lost: never, holds: () => true, [Symbol.asyncDispose]: end }),
    role: undefined,
    leaseRemainingMs: () => 0,
    etcdFailures: () => 0,
    [Symbol.asyncDispose]: end,
  };
}

async function openReplica(
  { config, clock, log, random, transformer }: DataDependencies,
  etcd: EtcdOptions,
): Promise<EtcdReplica> {
  return openEtcdReplica({
    etcd,
    prefix: config.etcdPrefix,
    path: join(config.rootDirectory, 'mirror'),
    owner: `${hostname()}:${process.pid}`,
    clock,
    random,
    leaseSeconds: config.leaderElectLeaseDuration,
    transformer,
    onFault: logStoreFault(log),
    onState(state, detail) {
      if (state === 'unavailable')
        log.warn({ state, etcd: config.etcdServers, reason: detail }, 'etcd does not answer; it is asked again');
      else log.info({ state, detail }, 'the store in etcd');
    },
  });
}

async function openInEtcd(deps: DataDependencies): Promise<ShardData> {
  await using opened = new AsyncDisposableStack();
  const etcd = opened.use(
    await followEtcdOptions(deps.config, deps.config.etcdServers, deps, deps.etcdMetrics?.of('shard')),
  );
  const replica = opened.use(await openReplica(deps, etcd));
  const { tls } = deps;
  const isAlone = deps.config.natsUrl.length === 0;
  const all = opened.move();
  return {
    async own(signal) {
      const owned = await replica.own(signal);
      return isAlone || tls === undefined
        ? { ...alone, ...owned, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
        : joinWithData({ ...deps, tls }, replica, owned);
    },
    role: () => replica.role(),
    leaseRemainingMs: () => replica.leaseRemainingMs(),
    etcdFailures: () => replica.etcdFailures(),
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

/**
 * Where the data is follows from the flags of the store alone, whether there are others from those
 * of NATS.
 */
export function openShardData(deps: DataDependencies): Promise<ShardData> {
  return deps.config.etcdServers.length > 0 ? openInEtcd(deps) : openEmbedded(deps);
}
