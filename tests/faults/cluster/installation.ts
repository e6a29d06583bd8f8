/**
 * The installation that faults are tried on, with wires that can be cut, a provider, and the ways
 * in.
 */
import { createSystemRandom } from '@kcp-ts/base';
import type { Cluster } from '@kcp-ts/kcp-ts';
import type { ApiClient } from '../../harness/api-client.ts';
import { createApiClient } from '../../harness/api-client.ts';
import { startTestCluster } from '../../harness/cluster.ts';
import type { Links } from '../../harness/links.ts';
import { createLinks } from '../../harness/links.ts';
import { bind, makeWorkspace, provide, virtualWorkspace } from '../../harness/objects.ts';
import type { Load } from './load.ts';
import { startLoad } from './load.ts';
import type { LoadTarget, Way } from './recorder.ts';

export const shardNames = ['root', 'shard-1', 'shard-2'] as const;
export type ShardName = (typeof shardNames)[number];

export interface FaultInstallation extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly links: Links;
  /** Through the first front-proxy. */
  readonly admin: ApiClient;
  /** system:masters, through the first front-proxy. */
  readonly masters: ApiClient;
  readonly proxies: readonly Way[];
  /** The URL of the provider's virtual workspace. */
  readonly virtualPath: string;
  /** The part that serves a shard now: of a shard's two processes one does. */
  owner(shard: ShardName): Promise<string>;
  /** A workspace on each shard, bound to the provider, and a load on them. */
  load(
    label: string,
    options?: {
      /** All of them, unless it says. */
      readonly shards?: readonly ShardName[];
      /** Whether the provider's virtual workspace is watched; it is, unless it says otherwise. */
      readonly virtual?: boolean;
    },
  ): Promise<{ readonly load: Load; readonly targets: readonly LoadTarget[] }>;
}

export interface InstallationOptions {
  /** Before anything is started; the folder of the installation. */
  prepare?(folder: string): Promise<void>;
  /** Ports of the etcds that some parts have for their own store, by name. */
  readonly stores?: ReadonlyMap<string, number>;
}

const flipMs = 200;

/** Straight at a shard, at that of its processes which serves. */
function straightWay(clients: ReadonlyMap<string, readonly ApiClient[]>): Way {
  const turns = new Map<string, { at: number; flippedAt: number }>();
  const turnOf = (shard: string) => {
    let turn = turns.get(shard);
    if (turn === undefined) {
      turn = { at: 0, flippedAt: -flipMs };
      turns.set(shard, turn);
    }
    return turn;
  };
  return {
    name: 'straight',
    client(shard) {
      const all = clients.get(shard) ?? [];
      return all[turnOf(shard).at % all.length] as ApiClient;
    },
    failed(shard) {
      const turn = turnOf(shard);
      // Many fail at once, and mean the same.
      if (performance.now() - turn.flippedAt < flipMs) return;
      turn.flippedAt = performance.now();
      turn.at++;
    },
  };
}

export async function startFaultInstallation(options: InstallationOptions = {}): Promise<FaultInstallation> {
  const links = createLinks(options.stores);
  const cluster = await startTestCluster({
    standbys: true,
    frontProxies: 2,
    async wire(layout) {
      await options.prepare?.(layout.folder);
      return links.wire(layout);
    },
  }).catch(async (error: unknown) => {
    await links[Symbol.asyncDispose]();
    throw error;
  });
  links.follow(cluster);
  const made: ApiClient[] = [];
  const client = (port: number, user: 'kcp-admin' | 'shard-admin') => {
    const one = createApiClient({ url: `https://127.0.0.1:${port}`, ca: cluster.ca, token: cluster.tokens[user] });
    made.push(one);
    return one;
  };
  const portsOf = (kind: string) => cluster.parts.flatMap(({ part }) => (part.kind === kind ? [part] : []));
  const proxies = portsOf('front-proxy').map(({ name, port }): Way => {
    const one = client(port, 'kcp-admin');
    return { name, client: () => one, failed: () => undefined };
  });
  const straightClients = new Map(
    shardNames.map((shard) => {
      const parts = portsOf('shard').filter(({ name }) => name === shard || name === `${shard}-standby`);
      return [shard as string, parts.map(({ port }) => client(port, 'shard-admin'))];
    }),
  );
  const straight = straightWay(straightClients);
  const admin = proxies[0]?.client('') as ApiClient;
  const masters = client(portsOf('front-proxy')[0]?.port ?? 0, 'shard-admin');
  await makeWorkspace(admin, 'root', 'provider', { type: { path: 'root', name: 'universal' } });
  await provide(admin, 'root:provider', 'cowboys', 'cowboys');

  async function target(label: string, shard: string): Promise<LoadTarget> {
    const location = { selector: { matchLabels: { name: shard } } };
    const spec = { type: { path: 'root', name: 'universal' }, location };
    const { path, cluster: name } = await makeWorkspace(admin, 'root', `${label}-${shard}`, spec);
    await bind(admin, path, 'root:provider', 'cowboys');
    return { path, cluster: name, shard };
  }

  await target('first', shardNames[0]);
  const virtualPath = await virtualWorkspace(admin, 'root:provider', 'cowboys');
  return {
    cluster,
    links,
    admin,
    masters,
    proxies,
    virtualPath,
    async owner(shard) {
      const names = [shard, `${shard}-standby`];
      for (const [at, one] of (straightClients.get(shard) ?? []).entries()) {
        const { status } = await one.get('/readyz').catch(() => ({ status: 0 }));
        if (status === 200) return names[at] ?? shard;
      }
      throw new Error(`nobody serves ${shard}`);
    },
    async load(label, { shards = shardNames, virtual = true } = {}) {
      const targets = await Promise.all(shards.map((shard) => target(label, shard)));
      const load = startLoad({
        label,
        targets,
        ways: [...proxies, straight],
        proxies: virtual ? proxies : [],
        virtualPath: `${virtualPath}/clusters/*/apis/wild.west/v1alpha1/cowboys`,
        cowboys: '/apis/wild.west/v1alpha1/namespaces/default/cowboys',
        random: createSystemRandom(),
      });
      return { load, targets };
    },
    async [Symbol.asyncDispose]() {
      for (const one of made) await one[Symbol.asyncDispose]();
      await links.mend();
      await cluster[Symbol.asyncDispose]();
      await links[Symbol.asyncDispose]();
    },
  };
}
