/**
 * A front-proxy among servers that a test or a bench writes itself: everything is real but the
 * index, which is a table.
 */

import type { ClusterName } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock } from '@kcp-ts/base';
import type { ExchangeHandler, HttpLimits, ServerTls } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import { createLogControl } from '@kcp-ts/observability';
import { createServiceLoad, listen } from '@kcp-ts/program';
import type { Mapping } from '@kcp-ts/sharding';
import type { FrontProxy, FrontProxyOptions } from './compose.ts';
import { composeFrontProxy } from './compose.ts';

/** Where things are: workspaces by path or name, shards by name, services by kind. */
export interface TestPlaces {
  readonly workspaces: Map<string, { readonly cluster: string; readonly shard: string } | 'unavailable'>;
  readonly shards: Map<string, string>;
  readonly services: Map<string, readonly string[]>;
  /** The shards that cannot be asked. */
  staleShards: () => Promise<ReadonlySet<string>>;
  /** The shard that would know of any path. */
  oracle: string | undefined;
  ready: boolean;
}

export function createTestPlaces(): TestPlaces {
  return {
    workspaces: new Map(),
    shards: new Map(),
    services: new Map(),
    staleShards: () => Promise.resolve(new Set()),
    oracle: undefined,
    ready: true,
  };
}

function directoryOf(places: TestPlaces): FrontProxyOptions['directory'] {
  const { workspaces, shards, services } = places;
  return {
    index: {
      cluster(name) {
        const found = workspaces.get(name);
        if (found === undefined || found === 'unavailable') return undefined;
        const unsaid = { parent: undefined, name: undefined, requiredGroups: undefined };
        return { ...unsaid, shard: found.shard, path: name, phase: 'Ready', deleting: false };
      },
      oracleOf: () => places.oracle,
    },
    feeds: {
      shards: () => [...shards.keys()],
      ageMs: () => 20,
      indexed: () => ({ clusters: workspaces.size, workspaces: workspaces.size }),
    },
    shards: () => [...shards].map(([name, baseUrl]) => ({ name, baseUrl, alive: true })),
    resolve(text) {
      const found = workspaces.get(text);
      if (found === undefined) return { status: 'unknown' };
      if (found === 'unavailable') return { status: 'unavailable' };
      return { status: 'found', cluster: found.cluster as ClusterName, shard: found.shard };
    },
    staleShards: () => places.staleShards(),
    shard(name) {
      const baseUrl = shards.get(name);
      return baseUrl === undefined ? undefined : { name, baseUrl, alive: true };
    },
    services: (kind) => (services.get(kind) ?? []).map((baseUrl) => ({ name: baseUrl, baseUrl, alive: true })),
    isReady: () => places.ready,
  };
}

export interface TestProxyOptions {
  readonly places: TestPlaces;
  readonly serving: ServerTls;
  readonly peer: FrontProxyOptions['peer'];
  readonly mappings?: readonly Mapping[];
  readonly clock?: Clock;
}

export interface TestProxy extends Pick<FrontProxy, 'keep'> {
  readonly port: number;
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** The shard for no workspace is `root`. */
export async function startTestProxy(options: TestProxyOptions): Promise<TestProxy> {
  const clock = options.clock ?? createSystemClock();
  const log = { warn: () => undefined, error: () => undefined };
  const load = createServiceLoad();
  const proxy = composeFrontProxy({
    directory: directoryOf(options.places),
    peer: options.peer,
    mappings: options.mappings ?? [],
    rootShard: 'root',
    passGroups: [],
    dropGroups: [],
    clock,
    log,
    load,
  });
  const config = { bindAddress: '127.0.0.1', securePort: 0 };
  const listener = await listen({
    config,
    tls: options.serving,
    peers: options.peer,
    clock,
    log,
    logging: createLogControl(0),
    load,
  });
  listener.serve(proxy.handler);
  return {
    port: listener.port,
    keep: proxy.keep,
    async close(closing) {
      proxy.drain();
      void proxy.endWatches(0);
      await listener.close(closing);
      proxy[Symbol.dispose]();
    },
  };
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

/** A server of the installation that answers as `handler` says; `port` 0 takes a free one. */
export async function startTestServer(
  tls: ServerTls,
  handler: ExchangeHandler,
  { port = 0, limits = {} }: { readonly port?: number; readonly limits?: Partial<HttpLimits> } = {},
): Promise<TestServer> {
  const server = createHttpServer({ tls, handler, onError: () => undefined, clock: createSystemClock(), limits });
  const listening = await server.listen({ host: '127.0.0.1', port });
  return {
    port: listening.port,
    url: `https://127.0.0.1:${listening.port}`,
    [Symbol.asyncDispose]: () => server.close({ drainMs: 0 }),
  };
}
