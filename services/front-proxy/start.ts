/** Starts a front-proxy with its server, and stops it: what the program and the tests call. */
import { readFile } from 'node:fs/promises';
import type { UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, every } from '@kcp-ts/base';
import { createLogger } from '@kcp-ts/observability';
import { addressOf, advertisedHostOf, createServiceLoad } from '@kcp-ts/program';
import { openConnections, openDirectory } from '@kcp-ts/sharding';
import { readMappings } from './mapping.ts';
import type { FrontProxyConfig } from './options.ts';
import { serveFrontProxy } from './serve.ts';

export interface RunningFrontProxy extends AsyncDisposable {
  readonly port: number;
}

const sweepMs = 10_000;

async function servingOf(config: FrontProxyConfig) {
  const read = (path: string) => readFile(path, 'utf8');
  return {
    certificate: await read(config.tlsCertFile),
    privateKey: await read(config.tlsPrivateKeyFile),
    clientCa: config.clientCaFile === '' ? undefined : await read(config.clientCaFile),
  };
}

/** Resolves when the proxy listens; it is ready when it knows where workspaces are. */
export async function startFrontProxy(
  config: FrontProxyConfig,
  uncaught?: Pick<UncaughtErrors, 'count'>,
): Promise<RunningFrontProxy> {
  const clock = createSystemClock();
  const log = createLogger(config.verbosity);
  const name = config.natsUsername || config.name;
  const host = advertisedHostOf(config);
  const mappings = await readMappings(config.mappingFile);
  const serving = await servingOf(config);
  const connections = await openConnections({ config, name, clock, log });
  const directory = await openDirectory({ connections, clock, log });
  const proxy = await serveFrontProxy({
    directory,
    serving,
    peer: connections.tls,
    mappings,
    rootShard: config.rootShardName,
    passGroups: config.authenticationPassOnGroups,
    dropGroups: config.authenticationDropGroups,
    host: config.bindAddress,
    port: config.securePort,
    clock,
    log,
    load: createServiceLoad(config, uncaught),
  });
  await connections.membership.announce({
    kind: 'front-proxy',
    name,
    baseUrl: `https://${addressOf(host, proxy.port)}`,
  });
  const sweep = () => {
    const { shards, services } = directory.state();
    proxy.keep([...shards, ...services].map(({ baseUrl }) => baseUrl));
  };
  sweep();
  const sweeper = every(clock, sweepMs, sweep);
  return {
    port: proxy.port,
    async [Symbol.asyncDispose]() {
      sweeper[Symbol.dispose]();
      await proxy.close({ drainMs: config.shutdownDrainSeconds * 1000 });
      await directory[Symbol.asyncDispose]();
      await connections[Symbol.asyncDispose]();
    },
  };
}
