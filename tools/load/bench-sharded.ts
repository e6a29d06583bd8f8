/**
 * `make bench-sharded`: installations of one, two and three shards with their etcd, NATS and
 * services, one after the other.
 */
import { availableParallelism, loadavg } from 'node:os';
import { createLoadClient } from './client.ts';
import type { Figures } from './scenarios.ts';
import type { ShardedDependencies } from './sharded.ts';
import { benchIdle, benchIndex, benchProxy, benchShardedWorkspaces, benchTakeover } from './sharded.ts';
import { startBenchInstallation } from './sharded-server.ts';
import { benchBinds, benchView } from './sharded-sharing.ts';
import { round } from './timing.ts';

type Report = (found: Readonly<Record<string, Figures>>) => void;

const connections = 10;

async function withInstallation(
  flags: readonly string[],
  scale: number,
  use: (deps: ShardedDependencies) => Promise<void>,
): Promise<void> {
  await using installation = await startBenchInstallation(['--front-proxies', '1', ...flags]);
  using admin = createLoadClient(installation.admin, connections);
  using direct = createLoadClient(installation.direct, connections);
  await use({ installation, admin, direct, scale });
}

/** `scale`: how much of everything; 1 is the whole. */
export async function benchSharded(scale: number, report: Report): Promise<void> {
  report({ machine: { cpus: availableParallelism(), load1: round(loadavg()[0] ?? 0) } });
  for (const shards of [1, 2])
    await withInstallation(['--shards', String(shards)], scale, async (deps) =>
      report(await benchShardedWorkspaces(deps, shards)),
    );
  await withInstallation(['--shards', '3'], scale, async (deps) => {
    report({ idle3Shards: await benchIdle(deps) });
    report(await benchShardedWorkspaces(deps, 3));
    report(await benchProxy(deps));
    report(await benchIndex(deps));
    report(await benchBinds(deps));
    report(await benchView(deps));
  });
  await withInstallation(['--shards', '3', '--standbys'], scale, async (deps) => {
    report({ idle3ShardsStandbys: await benchIdle(deps) });
    report({ takeover: await benchTakeover(deps) });
  });
}
