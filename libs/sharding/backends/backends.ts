/**
 * Connections to shards and services by their URL, each with its breaker, for as long as it is
 * used.
 */

import { StatusError } from '@kcp-ts/api';
import type { Clock, Live } from '@kcp-ts/base';
import type { Exchange, Upstream, UpstreamAnswer } from '@kcp-ts/http';
import { createUpstream, misdirectedStatus, routedHeader } from '@kcp-ts/http';
import type { Circuit } from './circuit.ts';
import { createCircuit } from './circuit.ts';

export interface BackendTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface Backends extends Disposable {
  /**
   * Hands the exchange on; answers it itself, with 503, where the backend cannot be had. It may
   * change the headers. `misdirected`: called instead of answering the client where the backend
   * says that it does not have what is asked for; it says so only where this is given.
   */
  forward(
    url: string,
    exchange: Exchange,
    path: string,
    headers: Record<string, string | string[]>,
    misdirected?: () => void,
  ): void;
  /**
   * A request of our own. Rejects, with ServiceUnavailable or what the connection said, where the
   * backend cannot be had.
   */
  request(
    url: string,
    path: string,
    headers: Record<string, string | string[]>,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer>;
  /** Called when a backend is known to be back: the next request does not wait for its breaker. */
  revive(url: string): void;
  /** Forgets connections to URLs that are not among these. */
  keep(urls: ReadonlySet<string>): void;
  /** Ends the watches that are handed on over so long, none of them within an event. */
  endWatches(milliseconds: number): Promise<void>;
  statistics(): readonly BackendStatistics[];
}

export interface BackendStatistics {
  readonly url: string;
  /** It is not tried now. */
  readonly open: boolean;
  readonly sessions: number;
  readonly streams: number;
}

export interface BackendsOptions {
  readonly clock: Clock;
  tlsOf(url: string): BackendTls | Live<BackendTls>;
  onUnreachable(url: string, error: Error): void;
  onAnswered(url: string, status: number): void;
}

const retryAfterSeconds = 1;
const watchQuery = /[?&]watch=(?:true|1)(?:&|$)/;
const unavailableText = 'the server is currently unable to handle the request';

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

/**
 * Clients try again, whatever they asked for: so it is only for what nobody has acted on, or has no
 * effect.
 */
export function unavailable(): StatusError {
  return new StatusError('ServiceUnavailable', unavailableText, { retryAfterSeconds });
}

/**
 * The answer to the client when the backend gives none. Whether a write was done is not known then,
 * and nobody should do it twice unasked.
 */
function failureOf(method: string, unsent: boolean): StatusError {
  if (unsent || method === 'GET' || method === 'HEAD') return unavailable();
  return new StatusError(
    'ServiceUnavailable',
    `${unavailableText}: it did not answer, and may have done what it was asked`,
  );
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

  function answer(url: string, exchange: Exchange, error: StatusError): void {
    options.onAnswered(url, error.code);
    answerStatus(exchange, error);
  }

  return {
    forward(url, exchange, path, headers, misdirected) {
      if (misdirected !== undefined) headers[routedHeader] = 'true';
      const { upstream, circuit } = backend(url);
      if (!circuit.admits()) {
        answer(url, exchange, unavailable());
        return;
      }
      upstream.forward(exchange, path, headers, {
        failed({ error, unsent, connection }) {
          if (connection) circuit.failed();
          options.onUnreachable(url, error);
          answer(url, exchange, failureOf(exchange.method, unsent));
        },
        answered(status) {
          circuit.succeeded();
          options.onAnswered(url, status);
        },
        keeps(status) {
          if (status !== misdirectedStatus || misdirected === undefined) return false;
          misdirected();
          return true;
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
    revive: (url) => known.get(url)?.circuit.succeeded(),
    keep(urls) {
      for (const [url, { upstream }] of known) {
        if (urls.has(url)) continue;
        known.delete(url);
        upstream[Symbol.dispose]();
      }
    },
    async endWatches(milliseconds) {
      const isWatch = ({ url }: Exchange) => watchQuery.test(url);
      await Promise.all([...known.values()].map(({ upstream }) => upstream.endAnswers(isWatch, milliseconds)));
    },
    statistics: () =>
      [...known].map(([url, { upstream, circuit }]) => ({ url, open: circuit.isOpen(), ...upstream.sizes() })),
    [Symbol.dispose]() {
      for (const { upstream } of known.values()) upstream[Symbol.dispose]();
    },
  };
}
