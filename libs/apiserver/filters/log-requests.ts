/** One line for each request that was answered, as kube-apiserver's httplog has them. */
import type { ClusterName } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { Exchange } from '@kcp-ts/http';
import type { ApiRequest, Filter } from '../api-request.ts';

export interface RequestLine {
  /** Beside `audit-id` of the answer, what an operator finds one request by. */
  readonly requestID: string;
  readonly method: string;
  readonly path: string;
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Undefined where the request was not authenticated. */
  readonly user: string | undefined;
  readonly cluster?: ClusterName;
  readonly workspace?: string;
  /** 0: the client went away before there was an answer. */
  readonly code: number;
  readonly latencyMs: number;
  readonly srcIP: string;
  readonly userAgent: string;
}

export interface RequestLog {
  /** Asked for each request: nothing is put together where nobody reads it. */
  enabled(): boolean;
  write(line: RequestLine): void;
  /** The path of the workspace of a logical cluster, where it is known. */
  workspaceOf(cluster: ClusterName): string | undefined;
}

function present(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function lineOf(request: ApiRequest, known: ApiRequest | undefined, log: RequestLog) {
  const { exchange, id, method, path, info } = request;
  const target = (known ?? request).target;
  const shown = target.kind === 'view' ? target.view.cluster : '*';
  const cluster = shown === '*' ? undefined : shown;
  const workspace = cluster === undefined ? undefined : log.workspaceOf(cluster);
  const resource =
    info.kind === 'resource'
      ? present({
          group: info.group,
          resource: info.resource,
          subresource: info.subresource,
          namespace: info.namespace,
          name: info.name,
        })
      : {};
  return {
    requestID: id,
    method,
    path,
    verb: info.verb ?? method.toLowerCase(),
    ...resource,
    user: known?.user.name,
    ...(cluster === undefined ? {} : { cluster }),
    ...(workspace === undefined ? {} : { workspace }),
    srcIP: exchange.peer.address,
    userAgent: String(exchange.headers['user-agent'] ?? ''),
  };
}

/**
 * Two filters: the outer one writes the line, whatever happens further in; the inner one, behind
 * authentication, keeps who it was.
 */
export function logRequests(
  log: RequestLog | undefined,
  clock: Pick<Clock, 'monotonic'>,
): { readonly outer: Filter; readonly inner: Filter } {
  if (log === undefined) return { outer: (next) => next, inner: (next) => next };
  const authenticated = new WeakMap<Exchange, ApiRequest>();

  function write(request: ApiRequest, sinceMs: number, code: number): void {
    const latencyMs = Math.round((clock.monotonic() - sinceMs) * 1_000) / 1_000;
    log?.write({ ...lineOf(request, authenticated.get(request.exchange), log), code, latencyMs });
  }

  function failed(request: ApiRequest, sinceMs: number, thrown: unknown): never {
    const { exchange } = request;
    const code = exchange.answered ? exchange.status : exchange.closed ? 0 : StatusError.from(thrown).code;
    write(request, sinceMs, code);
    throw thrown;
  }

  return {
    outer: (next) => (request) => {
      if (!log.enabled()) return next(request);
      const sinceMs = clock.monotonic();
      const answered = () => write(request, sinceMs, request.exchange.status);
      try {
        const done = next(request);
        if (!(done instanceof Promise)) return answered();
        return done.then(answered, (thrown: unknown) => failed(request, sinceMs, thrown));
      } catch (thrown) {
        return failed(request, sinceMs, thrown);
      }
    },
    inner: (next) => (request) => {
      if (log.enabled()) authenticated.set(request.exchange, request);
      return next(request);
    },
  };
}
