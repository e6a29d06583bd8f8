/** Starts a front-proxy with its server, and stops it: what the program and the tests call. */
import { every } from '@kcp-ts/base';
import type { ProcessEvents, RunningService } from '@kcp-ts/program';
import { createServiceContext, startService } from '@kcp-ts/program';
import { followMappings } from '@kcp-ts/sharding';
import { composeFrontProxy } from './compose.ts';
import type { FrontProxyConfig } from './options.ts';

export type RunningFrontProxy = RunningService;

const sweepMs = 10_000;

/** Resolves when the proxy serves; it is ready when it knows where workspaces are. */
export async function startFrontProxy(config: FrontProxyConfig, process?: ProcessEvents): Promise<RunningFrontProxy> {
  const context = createServiceContext(config, process);
  const { clock, log, load } = context;
  const options = { kind: 'front-proxy', servesServices: false } as const;
  return startService(context, options, async ({ connections, opened, openDirectory }) => {
    const mappings = opened.use(await followMappings(config.mappingFile, context));
    const directory = await openDirectory();
    const proxy = opened.use(
      composeFrontProxy({
        directory,
        peer: connections.tls,
        mappings,
        clock,
        log,
        load,
        rootShard: config.rootShardName,
        passGroups: config.authenticationPassOnGroups,
        dropGroups: config.authenticationDropGroups,
      }),
    );
    const sweep = () => {
      const { shards, services } = directory.state();
      proxy.keep([...shards, ...services].map(({ baseUrl }) => baseUrl));
    };
    sweep();
    opened.use(every(clock, sweepMs, sweep));
    return proxy;
  });
}
