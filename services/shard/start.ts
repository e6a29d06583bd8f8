/** Starts a shard with its server, and stops it: what the program and the tests call. */
import type { Clock } from '@kcp-ts/base';
import { pauseOn, processMemory, releaseMemory } from '@kcp-ts/base';
import { openEncryption } from '@kcp-ts/encryption';
import { rootExports } from '@kcp-ts/kinds';
import type { ProcessEvents, RunningService, ServiceContext } from '@kcp-ts/program';
import {
  addressOf,
  advertisedHostOf,
  createServiceContext,
  keepServing,
  listen,
  localHostOf,
  openServiceAccountKeys,
  openShardTls,
  openTokens,
  prepareAdminTokens,
  reportRole,
  shardFoldersOf,
  standbyHandler,
  startInRootDirectory,
  writeKubeconfig,
} from '@kcp-ts/program';
import type { OwnedData } from '@kcp-ts/sharding';
import { openShardData, shardUrlsOf } from '@kcp-ts/sharding';
import type { ShardConfig } from './options.ts';
import type { Serving } from './serving.ts';
import { authenticatorOf, serveOwned } from './serving.ts';

export interface RunningShard extends RunningService {
  readonly externalUrl: string;
  readonly kubeconfigPath: string;
}

/**
 * Resolves when the shard answers requests. Rejects, for a person, where the root directory cannot
 * be used.
 */
export async function startShard(config: ShardConfig, process?: ProcessEvents, clock?: Clock): Promise<RunningShard> {
  const context = createServiceContext(config, process, clock);
  const { random, log } = context;
  return startInRootDirectory(
    {
      path: config.rootDirectory,
      kind: 'shard',
      shard: config.shardName,
      clock: context.clock,
      random,
      ...shardFoldersOf(config),
      onRemoved: (folder, fault) => log.warn({ folder, fault }, 'a copy is damaged; it is made again'),
    },
    () => startIn(context),
  );
}

/**
 * What was opened is closed again where the start fails: the root directory may be another
 * process's then.
 */
async function startIn(context: ServiceContext<ShardConfig>): Promise<RunningShard> {
  const opened = new AsyncDisposableStack();
  try {
    return await openShard(context, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function openShard(context: ServiceContext<ShardConfig>, opened: AsyncDisposableStack): Promise<RunningShard> {
  const { config, clock, random, log, logging, load } = context;
  const host = config.natsUrl.length === 0 ? localHostOf(config) : advertisedHostOf(config);
  const tls = opened.use(await openShardTls(context, host));
  const { peers, servingCa } = tls;
  // The port is known before the shard is, since URLs in its objects name it.
  const listener = await listen({ config, tls: tls.tls(), peers, clock, log, logging, load });
  opened.defer(() => listener.close({ drainMs: 0 }));
  tls.follow(listener.setTls);
  load.certificates.follow('serving', () => tls.tls().certificate);
  load.certificates.follow('peer', () => peers?.current().cert ?? '');
  const urls = shardUrlsOf(config, `https://${addressOf(host, listener.port)}`);
  const tokens = await prepareAdminTokens({ ...config, random });
  const serviceAccountKeys = opened.use(await openServiceAccountKeys(config, context));
  const tokenFile = opened.use(await openTokens(context));
  const encryption = opened.use(
    await openEncryption({ ...context, path: config.encryptionProviderConfig, folder: config.rootDirectory }),
  );
  const data = opened.use(
    await openShardData({
      ...context,
      ...encryption,
      tls: peers,
      urls,
      addressOf: (port) => addressOf(host, port),
      rootExports,
    }),
  );
  const serving: Serving = { ...context, encryption, urls, tls, serviceAccountKeys, tokens, tokenFile };
  let owned: OwnedData | undefined;
  const role = data.role && reportRole({ ...data, role: data.role, holds: () => owned?.holds() ?? false });
  const standby = role && standbyHandler(context, role, authenticatorOf(serving, undefined));
  const running = await keepServing({
    own: data.own,
    clock,
    standBy: () => standby && listener.serve(standby),
    serve(taken) {
      owned = taken;
      return serveOwned(serving, taken, role, listener);
    },
    onLost: (error) => log.warn({ err: error }, 'the shard is no longer owned by this process, which stands by'),
    onError: (error) => log.error({ err: error }, 'the shard cannot be served; it is tried again'),
  });
  opened.defer(() => {
    const closed = listener.close({ drainMs: config.shutdownDrainSeconds * 1_000 });
    return running.stop(() => closed);
  });
  const operations = () => owned?.store.statistics().operations ?? 0;
  opened.use(releaseMemory({ clock, operations, ...processMemory() }));
  const { externalUrl } = urls;
  await writeKubeconfig({ path: config.kubeconfigPath, externalUrl, servingCa, tokens });
  return {
    port: listener.port,
    externalUrl,
    kubeconfigPath: config.kubeconfigPath,
    async [Symbol.asyncDispose]() {
      running.drain();
      await pauseOn(clock, config.shutdownDelayDuration);
      await running.endWatches(config.shutdownWatchTerminationGracePeriod);
      await opened.disposeAsync();
    },
  };
}
