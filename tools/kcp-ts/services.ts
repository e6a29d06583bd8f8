/** The services that `kcp-ts <name>` runs; each is only loaded when it is asked for. */
import type { ProcessEvents } from '@kcp-ts/program';
import type { Runnable } from './start.ts';

type Loader = () => Promise<Runnable<never>>;

function runnable<Config>(service: Runnable<Config>): Runnable<never> {
  return service as unknown as Runnable<never>;
}

async function shard(usage: string): Promise<Runnable<never>> {
  const { readConfig, startShard } = await import('@kcp-ts/shard');
  return runnable({
    readConfig: (args, environment) => readConfig(args, environment, usage),
    async start(config: Parameters<typeof startShard>[0], events: ProcessEvents) {
      const running = await startShard(config, events);
      const ready = `kcp-ts is ready to serve at ${running.externalUrl}; kubeconfig: ${running.kubeconfigPath}`;
      return Object.assign(running, { ready });
    },
  });
}

async function frontProxy(): Promise<Runnable<never>> {
  const { readConfig, startFrontProxy } = await import('@kcp-ts/front-proxy');
  return runnable({
    readConfig,
    async start(config: Parameters<typeof startFrontProxy>[0], events: ProcessEvents) {
      const running = await startFrontProxy(config, events);
      return Object.assign(running, { ready: `front-proxy is ready to serve on port ${running.port}` });
    },
  });
}

async function cacheServer(): Promise<Runnable<never>> {
  const { readConfig, startCacheServer } = await import('@kcp-ts/cache-server');
  return runnable({
    readConfig,
    async start(config: Parameters<typeof startCacheServer>[0], events: ProcessEvents) {
      const running = await startCacheServer(config, events);
      return Object.assign(running, { ready: `cache-server is ready to serve on port ${running.port}` });
    },
  });
}

async function virtualWorkspaces(): Promise<Runnable<never>> {
  const { readConfig, startVirtualWorkspaces } = await import('@kcp-ts/virtual-workspaces-server');
  return runnable({
    readConfig,
    async start(config: Parameters<typeof startVirtualWorkspaces>[0], events: ProcessEvents) {
      const running = await startVirtualWorkspaces(config, events);
      return Object.assign(running, { ready: `virtual-workspaces is ready to serve on port ${running.port}` });
    },
  });
}

export const services: Readonly<Record<string, Loader>> = {
  start: () => shard('kcp-ts start'),
  shard: () => shard('kcp-ts shard'),
  'front-proxy': frontProxy,
  'cache-server': cacheServer,
  'virtual-workspaces': virtualWorkspaces,
};
