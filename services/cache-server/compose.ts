/**
 * The cache-server from top to bottom: copies that nobody but the feeds writes, behind the same API
 * server as everything else.
 */

import { StatusError } from '@kcp-ts/api';
import type { ReceivedRequest, RequestAuthorizer, RequestLog, RequestMetrics, Target } from '@kcp-ts/apiserver';
import { createApiServer, createPresentation, respondText } from '@kcp-ts/apiserver';
import type { Authenticator } from '@kcp-ts/authn';
import type { Clock, Random } from '@kcp-ts/base';
import { createSystemTurns } from '@kcp-ts/base';
import type { Exchange, InFlight } from '@kcp-ts/http';
import { allKinds, protobufMessages } from '@kcp-ts/kinds';
import { versionInfo } from '@kcp-ts/program';
import type { ApiSurface } from '@kcp-ts/registry';
import { noAdmission } from '@kcp-ts/registry';
import { cacheView, parseCachePath } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { createWatchHub } from '@kcp-ts/watch';

export interface CacheServerOptions {
  readonly store: Store;
  readonly surface: ApiSurface;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly random: Random;
  shards(): readonly string[];
  isReady(): boolean;
  metrics(): Promise<string>;
  readonly inFlight: InFlight;
  readonly requests: RequestMetrics;
  readonly requestLog: Omit<RequestLog, 'workspaceOf'>;
  logFault(id: string, error: StatusError): void;
}

export interface CacheServer extends Disposable {
  /** From now on readiness says no. */
  drain(): void;
  endWatches(milliseconds: number): Promise<void>;
  readonly handler: (exchange: Exchange) => void | Promise<void>;
}

const bodyBytesMax = 1024 * 1024;
const watchBacklogBytesMax = 4 * 1024 * 1024;

/** Beside what is cached there are metrics, for members of system:masters. */
function metricsAuthorizer(path: string): RequestAuthorizer {
  return {
    authorize(user) {
      if (!user.groups.includes('system:masters')) {
        const who = JSON.stringify(user.name);
        return new StatusError('Forbidden', `forbidden: User ${who} cannot get path ${JSON.stringify(path)}`, {});
      }
      return path === '/metrics' ? undefined : StatusError.badRequest('a shard name is required');
    },
  };
}

export function composeCacheServer(options: CacheServerOptions): CacheServer {
  const { store, surface, clock, random } = options;
  const hub = createWatchHub(store, {});
  const registry = {
    store,
    clock,
    turns: createSystemTurns(clock),
    random,
    shardNumber: 0,
    admission: noAdmission,
    logicalClusterKey: () => undefined,
  };
  function locate(request: ReceivedRequest): Target {
    try {
      const found = parseCachePath(request.path);
      if (found === undefined) return { kind: 'answer', authorizer: metricsAuthorizer(request.path), answer: metrics };
      return { kind: 'view', view: cacheView({ surface, shards: options.shards }, found), rest: found.rest };
    } catch (thrown) {
      return { kind: 'refused', refusal: () => StatusError.from(thrown) };
    }
  }
  const metrics = async (request: ReceivedRequest) => respondText(request, 200, await options.metrics());
  let draining = false;
  const server = createApiServer({
    deps: {
      hub,
      registry,
      protobuf: protobufMessages(allKinds),
      bodyBytesMax,
      watchBacklogBytesMax,
      special: new Map(),
      streamSerializers: [],
      presentation: createPresentation(''),
    },
    checks: [
      { name: 'ping', live: true, check: () => undefined },
      { name: 'feeds', live: false, check: () => (options.isReady() ? undefined : 'not followed yet') },
      { name: 'shutdown', live: false, check: () => (draining ? 'shutting down' : undefined) },
    ],
    version: versionInfo,
    inFlight: options.inFlight,
    authenticate: options.authenticator.authenticate,
    impersonate() {
      throw new StatusError('Forbidden', 'nobody is impersonated here', {});
    },
    locate: (request) => locate(request),
    home: () => {
      throw new Error('every path of a cache-server has a prefix');
    },
    logFault: (request, error) => options.logFault(request.id, error),
    metrics: options.requests,
    requestLog: { ...options.requestLog, workspaceOf: () => undefined },
  });
  return {
    handler: server.handler,
    drain() {
      draining = true;
    },
    endWatches: (milliseconds) => hub.endWatches(clock, milliseconds),
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      hub[Symbol.dispose]();
    },
  };
}
