/**
 * The API server: a pipeline, read downwards, and at its end the handler. It knows no workspace, no binding and no kind; `route` (from compose.ts)
 * turns a path's prefix into a scope.
 */

import type { UserInfo } from '@kcp-ts/api';
import { anonymousUser, StatusError } from '@kcp-ts/api';
import type { Random } from '@kcp-ts/base';
import type { Exchange, InFlight } from '@kcp-ts/http';
import type { ApiRequest, Filter, Handler } from './api-request.ts';
import { pipeline } from './api-request.ts';
import type { Bookmarks } from './bookmarks.ts';
import { createMediaReader } from './encode/media.ts';
import { answerHeaders, respondError, respondJson, respondText } from './encode/respond.ts';
import { handleDocuments } from './handlers/documents.ts';
import type { HealthCheck } from './handlers/health.ts';
import { handleHealth, healthEndpoint } from './handlers/health.ts';
import type { ResourceHandlerDependencies } from './handlers/resource.ts';
import { handleResource, verbOf } from './handlers/resource.ts';
import { checkTimeout } from './options/check-timeout.ts';
import type { Progress } from './progress.ts';
import { parseQuery } from './query.ts';
import { attributesOf } from './request-attributes.ts';
import type { RequestPath } from './request-path.ts';
import { parseRequestPath } from './request-path.ts';
import type { Scope } from './scope.ts';
import type { ServerDependencies } from './server-dependencies.ts';

/** Where a request goes: into a scope with the rest of its path, or to something that answers for itself. */
export type Route =
  | { readonly kind: 'scope'; readonly scope: Scope; readonly rest: string }
  | { readonly kind: 'answer'; readonly answer: (request: ApiRequest) => void | Promise<void> };

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  /** Which version's strategy this is, and the oldest it may be mixed with (KEP-4330). */
  readonly emulationMajor: string;
  readonly emulationMinor: string;
  readonly minCompatibilityMajor: string;
  readonly minCompatibilityMinor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** What whoever may read its path may keep. */
export interface PublicDocument {
  readonly contentType: string;
  readonly body: string;
}

export interface ApiServerOptions {
  readonly deps: ServerDependencies;
  readonly bookmarks: Bookmarks;
  readonly progress: Progress;
  readonly checks: readonly HealthCheck[];
  readonly version: VersionInfo;
  /** What says how to verify the tokens that are issued here, by path. */
  readonly issuer?: Readonly<Record<string, PublicDocument>>;
  readonly inFlight: InFlight;
  authenticate(exchange: Exchange): UserInfo | Promise<UserInfo>;
  /** The user that a request acts as, where it impersonates somebody; throws Forbidden. */
  impersonate(request: ApiRequest): UserInfo;
  route(request: ApiRequest): Route | Promise<Route>;
  /** One line about a fault of ours, with its request id. */
  logFault(request: ApiRequest, error: StatusError): void;
  /** Told of every answered request. */
  observe(request: ApiRequest): void;
}

function beginRequest(exchange: Exchange, id: string): ApiRequest {
  const question = exchange.url.indexOf('?');
  const path = question < 0 ? exchange.url : exchange.url.slice(0, question);
  const query = parseQuery(question < 0 ? '' : exchange.url.slice(question + 1));
  return { exchange, id, method: exchange.method, path, query, user: anonymousUser, warnings: [] };
}

/** Whatever goes wrong further in becomes a Status; a fault of ours is logged and never reaches other tenants. */
function recover(options: Pick<ApiServerOptions, 'logFault' | 'observe'>): Filter {
  const answer = (request: ApiRequest, thrown: unknown) => {
    const error = StatusError.from(thrown);
    if (error.code >= 500 && error.cause !== undefined) options.logFault(request, error);
    if (request.exchange.answered || request.exchange.closed) return;
    respondError(request, error);
  };
  return (next) => (request) => {
    try {
      const done = next(request);
      if (!(done instanceof Promise)) return options.observe(request);
      return done.then(
        () => options.observe(request),
        (thrown: unknown) => {
          answer(request, thrown);
          options.observe(request);
        },
      );
    } catch (thrown) {
      answer(request, thrown);
      options.observe(request);
    }
  };
}

/** Probes must be answered whatever state authentication is in. A single check (`/livez/ping`) needs a right to its path, as in Kubernetes. */
function health(options: Pick<ApiServerOptions, 'checks'>): Filter {
  return (next) => (request) => {
    const endpoint = healthEndpoint(request.path);
    return endpoint === undefined || endpoint.single !== undefined
      ? next(request)
      : handleHealth(request, options.checks);
  };
}

function authenticate(options: Pick<ApiServerOptions, 'authenticate'>): Filter {
  return (next) => (request) => {
    const user = options.authenticate(request.exchange);
    return user instanceof Promise
      ? user.then((found) => next({ ...request, user: found }))
      : next({ ...request, user });
  };
}

function impersonate(options: ApiServerOptions): Filter {
  return (next) => (request) =>
    next(
      'impersonate-user' in request.exchange.headers || hasImpersonation(request.exchange)
        ? { ...request, user: options.impersonate(request), requester: request.user }
        : request,
    );
}

function hasImpersonation({ headers }: Exchange): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/** After impersonation, as in kube-apiserver: whom a request acts as decides whether it is one of system:masters. */
function boundInFlight({ inFlight }: ApiServerOptions): Filter {
  return (next) => (request) => {
    inFlight.admit(request.exchange, request.user.groups.includes('system:masters'));
    return next(request);
  };
}

/** The client may have gone while it was found out who it is. */
function dropClosed(next: Handler): Handler {
  return (request) => (request.exchange.closed ? undefined : next(request));
}

/** Where much work comes before the decision whether a request is allowed, others get their turns. */
function inScope(
  options: ApiServerOptions,
  from: ResourceHandlerDependencies,
  request: ApiRequest,
  scope: Scope,
  rest: string,
): void | Promise<void> {
  const target = parseRequestPath(rest);
  const ready = scope.prepare?.(target.kind === 'api' ? target.api : undefined, from.deps.turns);
  return ready === undefined
    ? handleInScope(options, from, request, scope, target)
    : ready.then(() => handleInScope(options, from, request, scope, target));
}

function handleInScope(
  options: ApiServerOptions,
  from: ResourceHandlerDependencies,
  request: ApiRequest,
  scope: Scope,
  target: RequestPath,
): void | Promise<void> {
  if (target.kind === 'api') {
    const verb = verbOf(request, target.api);
    if (verb === undefined) throw StatusError.methodNotAllowed();
    if (verb !== 'watch') checkTimeout(request.query);
    scope.authorize(request.user, attributesOf(target.api, verb, request.query), verb);
    return handleResource(from, request, scope, target.api, verb);
  }
  const health = healthEndpoint(target.path);
  if (health === undefined || health.single !== undefined)
    scope.authorizePath(request.user, target.path, request.method.toLowerCase());
  if (health !== undefined) return handleHealth({ ...request, path: target.path }, options.checks);
  const path = target.path.length > 1 && target.path.endsWith('/') ? target.path.slice(0, -1) : target.path;
  if (path === '/version') return respondJson(request, 200, options.version);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw StatusError.methodNotAllowed();
  const { issuer = {} } = options;
  const own = Object.hasOwn(issuer, path) ? issuer[path] : undefined;
  if (own !== undefined) return respondPublic(request, own);
  return handleDocuments(from.deps.turns, request, path, from.deps.presentation.of(scope.surface));
}

/** For as long as kube-apiserver says. */
const publicSeconds = 3_600;

function respondPublic(request: ApiRequest, { contentType, body }: PublicDocument): void {
  const headers = { ...answerHeaders(request, contentType), 'cache-control': `public, max-age=${publicSeconds}` };
  request.exchange.respond(200, headers, body);
}

/** The handler of every exchange. Never throws, never rejects. */
export function createApiServer(options: ApiServerOptions): (exchange: Exchange) => void | Promise<void> {
  const from: ResourceHandlerDependencies = {
    deps: options.deps,
    bookmarks: options.bookmarks,
    progress: options.progress,
    readMedia: createMediaReader(),
  };
  const go = (request: ApiRequest, route: Route) =>
    route.kind === 'answer' ? route.answer(request) : inScope(options, from, request, route.scope, route.rest);
  const handle: Handler = (request) => {
    const route = options.route(request);
    return route instanceof Promise ? route.then((found) => go(request, found)) : go(request, route);
  };
  const filters = [
    recover(options),
    health(options),
    authenticate(options),
    dropClosed,
    impersonate(options),
    boundInFlight(options),
  ];
  const path = pipeline(filters, handle);
  return (exchange) => path(beginRequest(exchange, options.deps.registry.random.uuid()));
}

export interface StandbyServerOptions extends Pick<ApiServerOptions, 'checks' | 'authenticate' | 'logFault'> {
  readonly random: Random;
  /** The text of `/metrics`, for members of system:masters: who else may read it is in the store. */
  metrics(): Promise<string>;
  /** What everything else is answered with. */
  unavailable(): StatusError;
}

/** The handler of a server that has no store to serve: its health, its metrics, and a refusal. Never throws, never rejects. */
export function createStandbyServer(options: StandbyServerOptions): (exchange: Exchange) => void | Promise<void> {
  const handle: Handler = (request) => {
    if (!request.user.groups.includes('system:masters')) throw options.unavailable();
    if (healthEndpoint(request.path) !== undefined) return handleHealth(request, options.checks);
    if (request.path !== '/metrics') throw options.unavailable();
    return options.metrics().then((text) => respondText(request, 200, text));
  };
  const observe = () => undefined;
  const path = pipeline([recover({ ...options, observe }), health(options), authenticate(options)], handle);
  return (exchange) => path(beginRequest(exchange, options.random.uuid()));
}
