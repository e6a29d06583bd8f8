/** Connections to shards and services by their URL, each with its breaker, for as long as somebody uses it. */
import type { Clock } from '@kcp-ts/base';
import type { Exchange, Upstream, UpstreamAnswer } from '@kcp-ts/http';
import { createUpstream } from '@kcp-ts/http';
import { StatusError } from '@kcp-ts/meta';
import type { Circuit } from './circuit.ts';
import { createCircuit } from './circuit.ts';

export interface BackendTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface Backends extends Disposable {
  /** Hands the exchange on; answers it itself, with 503, where the backend cannot be had. */
  forward(url: string, exchange: Exchange, path: string, headers: Record<string, string | string[]>): void;
  /** A request of our own. Rejects, with ServiceUnavailable or what the connection said, where the backend cannot be had. */
  request(
    url: string,
    path: string,
    headers: Record<string, string | string[]>,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer>;
  /** Forgets connections to URLs that are not among these. */
  keep(urls: ReadonlySet<string>): void;
  statistics(): readonly {
    readonly url: string;
    readonly open: boolean;
    readonly sessions: number;
    readonly streams: number;
  }[];
}

export interface BackendsOptions {
  readonly clock: Clock;
  tlsOf(url: string): BackendTls;
  onUnreachable(url: string, error: Error): void;
  onAnswered(url: string, status: number): void;
}

const retryAfterSeconds = 1;

/** Answers with a Status, as the API server would. */
export function answerStatus(exchange: Exchange, error: StatusError): void {
  if (exchange.answered || exchange.closed) return;
  const { retryAfterSeconds: seconds } = error.details ?? {};
  exchange.respond(
    error.code,
    {
      'content-type': 'application/json',
      ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    },
    JSON.stringify(error.toStatus()),
  );
}

export function unavailable(): StatusError {
  return new StatusError('ServiceUnavailable', 'the server is currently unable to handle the request', {
    retryAfterSeconds,
  });
}

export function createBackends(options: BackendsOptions): Backends {
  const known = new Map<string, { readonly upstream: Upstream; readonly circuit: Circuit }>();

  function backend(url: string) {
    let found = known.get(url);
    if (found === undefined) {
      const upstream = createUpstream({ url, tls: options.tlsOf(url), clock: options.clock });
      found = { upstream, circuit: createCircuit(options.clock) };
      known.set(url, found);
    }
    return found;
  }

  return {
    forward(url, exchange, path, headers) {
      const { upstream, circuit } = backend(url);
      if (!circuit.admits()) {
        answerStatus(exchange, unavailable());
        return;
      }
      upstream.forward(exchange, path, headers, {
        unreachable(error) {
          circuit.failed();
          options.onUnreachable(url, error);
          answerStatus(exchange, unavailable());
        },
        answered(status) {
          circuit.succeeded();
          options.onAnswered(url, status);
        },
      });
    },
    async request(url, path, headers, signal) {
      const { upstream, circuit } = backend(url);
      if (!circuit.admits()) throw unavailable();
      try {
        const answer = await upstream.request('GET', path, headers, { signal });
        circuit.succeeded();
        options.onAnswered(url, answer.status);
        return answer;
      } catch (error) {
        if (!signal.aborted) {
          circuit.failed();
          options.onUnreachable(url, error as Error);
        }
        throw error;
      }
    },
    keep(urls) {
      for (const [url, { upstream }] of known) {
        if (urls.has(url)) continue;
        known.delete(url);
        upstream[Symbol.dispose]();
      }
    },
    statistics: () =>
      [...known].map(([url, { upstream, circuit }]) => ({ url, open: circuit.isOpen(), ...upstream.sizes() })),
    [Symbol.dispose]() {
      for (const { upstream } of known.values()) upstream[Symbol.dispose]();
    },
  };
}
