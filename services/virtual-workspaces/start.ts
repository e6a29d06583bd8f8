/**
 * Starts the service of virtual workspaces with its server, and stops it: what the program and the
 * tests call.
 */
import type { ProcessEvents, RunningService } from '@kcp-ts/program';
import { createServiceContext, startService } from '@kcp-ts/program';
import { FeedService } from '@kcp-ts/proto';
import { createServiceClient, createShardLabels } from '@kcp-ts/sharding';
import { composeVirtualWorkspaces } from './compose.ts';
import type { VirtualWorkspacesConfig } from './options.ts';

export type RunningVirtualWorkspaces = RunningService;

/** Resolves when the service serves; it is ready when it knows where workspaces are. */
export async function startVirtualWorkspaces(
  config: VirtualWorkspacesConfig,
  process?: ProcessEvents,
): Promise<RunningVirtualWorkspaces> {
  const context = createServiceContext(config, process);
  const { clock, random, log, load } = context;
  const options = { kind: 'virtual-workspaces', servesServices: true } as const;
  return startService(context, options, async ({ name, connections, opened, openDirectory }) => {
    const { tls, membership } = connections;
    const labels = createShardLabels();
    const directory = await openDirectory([labels.handler]);
    return opened.use(
      composeVirtualWorkspaces({
        name,
        membership,
        directory,
        tls,
        clock,
        random,
        log,
        load,
        connect: (address) => createServiceClient(FeedService, address, { tls, kinds: ['shard'] }),
        labelsOf: labels.of,
      }),
    );
  });
}
