/**
 * The API server: a chain of filters, read downwards, and at its end the handler. It knows no
 * workspace, no binding and no kind; `locate` (from compose.ts) turns a path's prefix into a view.
 */
import type { StatusError, UserInfo } from '@kcp-ts/api';
import type { Random } from '@kcp-ts/base';
import type { Exchange, InFlight } from '@kcp-ts/http';
import { createYamlDecoder } from '@kcp-ts/http';
import type { ApiRequest, Handler, ReceivedRequest, Target } from './api-request.ts';
import { pipeline } from './api-request.ts';
import { createBookmarks } from './bookmarks.ts';
import { createMediaReader } from './encode/media.ts';
import { respondText } from './encode/respond.ts';
import type { Auditor } from './filters/audit.ts';
import { audit } from './filters/audit.ts';
import { authenticate } from './filters/authenticate.ts';
import { authorize } from './filters/authorize.ts';
import { deadline } from './filters/deadline.ts';
import { health } from './filters/health.ts';
import { impersonate } from './filters/impersonate.ts';
import { locateHome } from './filters/locate-home.ts';
import type { RequestLog } from './filters/log-requests.ts';
import { logRequests } from './filters/log-requests.ts';
import { measure } from './filters/measure.ts';
import { priorityAndFairness } from './filters/priority-and-fairness.ts';
import { recover } from './filters/recover.ts';
import { refuseWhile } from './filters/refuse-while.ts';
import { requestInfo } from './filters/request-info.ts';
import type { HealthCheck } from './handlers/health.ts';
import { handleHealth, healthEndpoint } from './handlers/health.ts';
import type { PublicDocument, VersionInfo } from './handlers/non-resource.ts';
import { handleNonResource } from './handlers/non-resource.ts';
import type { ResourceHandlerDependencies } from './handlers/resource.ts';
import { handleResource } from './handlers/resource.ts';
import type { Progress } from './progress.ts';
import { createProgress } from './progress.ts';
import { parseQuery } from './query.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { ServerDependencies } from './server-dependencies.ts';
import type { View } from './view.ts';

const bookmarkMs = 30_000;

/** What the registry has as well, and what the server itself opens. */
type OfServer = 'store' | 'clock' | 'turns' | 'shardNumber' | 'yaml';

export interface ApiServerOptions {
  readonly deps: Omit<ServerDependencies, OfServer>;
  readonly checks: readonly HealthCheck[];
  readonly version: VersionInfo;
  /** What says how to verify the tokens that are issued here, by path. */
  issuer?(path: string): PublicDocument | undefined;
  readonly inFlight: InFlight;
  readonly auditor?: Auditor | undefined;
  /** Reads the prefix of a path. Never throws. */
  locate(request: ReceivedRequest): Target;
  /** Where the user of a request without a prefix is at home. */
  home(user: UserInfo): View;
  authenticate(exchange: Exchange): UserInfo | Promise<UserInfo>;
  /** The user that a request acts as, where it impersonates somebody; throws Forbidden. */
  impersonate(request: ApiRequest): UserInfo;
  /** Why no request is served now, where that is so. */
  refuse?(request: ApiRequest): StatusError | undefined;
  /** One line about a fault of ours, with its request id. */
  logFault(request: ReceivedRequest, error: StatusError): void;
  readonly metrics: RequestMetrics;
  readonly requestLog?: RequestLog | undefined;
}

function receive(exchange: Exchange, id: string): ReceivedRequest {
  const question = exchange.url.indexOf('?');
  const path = question < 0 ? exchange.url : exchange.url.slice(0, question);
  const query = parseQuery(question < 0 ? '' : exchange.url.slice(question + 1));
  return { exchange, id, method: exchange.method, path, query, warnings: [] };
}

export interface ApiServer extends Disposable {
  /** The handler of every exchange. Never throws, never rejects. */
  handler(exchange: Exchange): void | Promise<void>;
  /**
   * Makes progress past a revision, as far as the clock allows, and says so to other services'
   * watches.
   */
  readonly requestProgress: Progress['requestProgress'];
}

function createHandler(options: ApiServerOptions, from: ResourceHandlerDependencies): Handler {
  const nonResource = { ...options, deps: from.deps };
  return (request) => {
    const { target, info } = request;
    if (target.kind === 'answer') return target.answer(request);
    if (target.kind !== 'view') throw new Error('a request that names nothing has been allowed');
    return info.kind === 'resource'
      ? handleResource(from, request, target.view, info)
      : handleNonResource(nonResource, request, target.view, info);
  };
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { registry, hub } = options.deps;
  const { store, clock, turns, random, shardNumber } = registry;
  const bookmarks = createBookmarks(hub, clock, bookmarkMs);
  const progress = createProgress({ hub, clock, observe: (past) => void store.observe(past) });
  const yaml = createYamlDecoder({ clock });
  const deps: ServerDependencies = { ...options.deps, store, clock, turns, shardNumber, yaml };
  const outer = [recover(options), health<ReceivedRequest>(options.checks)];
  const locate = requestInfo((request) => options.locate(request));
  const logged = logRequests(options.requestLog, clock);
  const inner = [
    logged.outer,
    measure(options.metrics, clock),
    authenticate((exchange) => options.authenticate(exchange)),
    locateHome((user) => options.home(user)),
    logged.inner,
    audit(options.auditor),
    deadline,
    impersonate((request) => options.impersonate(request)),
    priorityAndFairness(options.inFlight),
    refuseWhile((request) => options.refuse?.(request)),
    authorize(turns),
  ];
  const handler = createHandler(options, { deps, bookmarks, progress, readMedia: createMediaReader() });
  const chain = pipeline(outer, locate(pipeline(inner, handler)));
  return {
    handler: (exchange) => chain(receive(exchange, random.uuid())),
    requestProgress: progress.requestProgress,
    [Symbol.dispose]() {
      for (const part of [bookmarks, progress, yaml]) part[Symbol.dispose]();
    },
  };
}

export interface StandbyServerOptions extends Pick<ApiServerOptions, 'checks' | 'authenticate' | 'logFault'> {
  readonly random: Random;
  /**
   * The text of `/metrics`, for members of system:masters: who else may read it is in the store.
   */
  metrics(): Promise<string>;
  /** What everything else is answered with. */
  unavailable(): StatusError;
}

/**
 * The handler of a server that has no store to serve: its health, its metrics, and a refusal. Never
 * throws, never rejects.
 */
export function createStandbyServer(options: StandbyServerOptions): (exchange: Exchange) => void | Promise<void> {
  const refused: Target = { kind: 'refused', refusal: () => options.unavailable() };
  const handle: Handler = (request) => {
    if (!request.user.groups.includes('system:masters')) throw options.unavailable();
    if (healthEndpoint(request.path) !== undefined) return handleHealth(request, request.path, options.checks);
    if (request.path !== '/metrics') throw options.unavailable();
    return options.metrics().then((text) => respondText(request, 200, text));
  };
  const who = authenticate((exchange) => options.authenticate(exchange));
  const chain = pipeline(
    [recover(options), health<ReceivedRequest>(options.checks)],
    requestInfo(() => refused)(who(handle)),
  );
  return (exchange) => chain(receive(exchange, options.random.uuid()));
}
