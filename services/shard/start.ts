/** Starts a shard with its server, and stops it: what the program and the tests call. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { UncaughtErrors } from '@kcp-ts/base';
import { pauseOn, processMemory, releaseMemory } from '@kcp-ts/base';
import { rootExports } from '@kcp-ts/kinds';
import type { RunningService, ServiceCertificates, ServiceContext } from '@kcp-ts/program';
import {
  addressOf,
  advertisedHostOf,
  createServiceContext,
  ensureCertificates,
  followServingFiles,
  keepServing,
  listen,
  localHostOf,
  openServiceAccountKeys,
  openTokens,
  prepareAdminTokens,
  readAuthorities,
  readServingPair,
  reportRole,
  startInRootDirectory,
  writeKubeconfig,
} from '@kcp-ts/program';
import type { OwnedData } from '@kcp-ts/sharding';
import { openShardData } from '@kcp-ts/sharding';
import type { ShardConfig } from './config.ts';
import type { Serving } from './serving.ts';
import { serveOwned, standbyHandler } from './serving.ts';
import { storeFoldersOf } from './store-folders.ts';
import { urlsOf } from './urls.ts';

export interface RunningShard extends RunningService {
  readonly externalUrl: string;
  readonly kubeconfigPath: string;
}

const drainMs = 5_000;

/**
 * Resolves when the shard answers requests. `uncaught`: of the process, for the metrics. Rejects,
 * for a person, where the root directory cannot be used.
 */
export async function startShard(config: ShardConfig, uncaught?: Pick<UncaughtErrors, 'count'>): Promise<RunningShard> {
  const context = createServiceContext(config, uncaught);
  const { clock, random, log } = context;
  return startInRootDirectory(
    {
      path: config.rootDirectory,
      kind: 'shard',
      shard: config.shardName,
      clock,
      random,
      ...storeFoldersOf(config),
      onRemoved: (folder, fault) => log.warn({ folder, fault }, 'a copy is damaged; it is made anew'),
    },
    () => startIn(context),
  );
}

/** What was opened is closed again where the start fails: the root directory may be another process's then. */
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
  const { config, clock, random, log, load } = context;
  const host = config.natsUrl.length === 0 ? localHostOf(config) : advertisedHostOf(config);
  const hosts = [host, hostname(), config.bindAddress];
  const certificates = await ensureCertificates({ ...config, hosts, nowMs: clock.now() });
  const peerCa = config.peerCaFile === '' ? '' : await readFile(config.peerCaFile, 'utf8');
  const tlsOf = ({ serving, clientCa }: Pick<ServiceCertificates, 'serving' | 'clientCa'>) => ({
    ...serving,
    clientCa: `${clientCa}${peerCa}`,
  });
  // The port is known before the shard is, since URLs in its objects name it.
  const listener = await listen({ config, tls: tlsOf(certificates), peerCa, clock, log, load });
  opened.defer(() => listener.close({ drainMs: 0 }));
  opened.use(
    await followServingFiles(config, context, async () => {
      const serving = config.tlsCertFile === '' ? certificates.serving : await readServingPair(config);
      const clientCa = config.clientCaFile === '' ? certificates.clientCa : await readAuthorities(config.clientCaFile);
      listener.setTls(tlsOf({ serving, clientCa }));
    }),
  );
  const urls = urlsOf(config, `https://${addressOf(host, listener.port)}`);
  const tokens = await prepareAdminTokens({ ...config, random });
  const serviceAccountKeys = opened.use(await openServiceAccountKeys(config, context));
  const tokenFile = opened.use(await openTokens(context));
  const data = opened.use(
    await openShardData({
      config,
      urls,
      addressOf: (port) => addressOf(host, port),
      rootExports,
      clock,
      log,
      random,
    }),
  );
  const serving: Serving = { ...context, urls, certificates, peerCa, serviceAccountKeys, tokens, tokenFile };
  let owned: OwnedData | undefined;
  const role = data.role && reportRole(data.role, () => owned?.holds() ?? false, data.etcdFailures);
  const standby = role && standbyHandler(serving, role);
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
  const operations = () => owned?.store.statistics().operations ?? 0;
  const release = releaseMemory({ clock, operations, ...processMemory() });
  const { externalUrl } = urls;
  const { kubeconfigPath: path } = config;
  await writeKubeconfig({ path, externalUrl, servingCa: certificates.servingCa, tokens });
  return {
    port: listener.port,
    externalUrl,
    kubeconfigPath: path,
    async [Symbol.asyncDispose]() {
      release[Symbol.dispose]();
      running.drain();
      await pauseOn(clock, config.shutdownDelayDuration);
      const closed = listener.close({ drainMs });
      await running.stop(() => closed);
      await opened.disposeAsync();
    },
  };
}
