/**
 * Connections to another server of the installation, and requests handed on over them as they are.
 * HTTP/2 over mTLS; a connection that has failed is never used again, redirects are answers like
 * any other, and trailers and informational answers end here.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import type { Readable } from 'node:stream';
import { liveOf, spreadOver } from '@kcp-ts/base';
import type { Exchange } from './exchange.ts';
import { flowHeader } from './flow.ts';
import type { ForwardOutcome, OpenAnswer } from './relay.ts';
import { relay, relayBody } from './relay.ts';
import type { UpstreamOptions } from './upstream-sessions.ts';
import { createUpstreamSessions } from './upstream-sessions.ts';

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Flows from when it has a listener. */
  readonly body: Readable;
}

export interface Upstream extends Disposable {
  /**
   * Hands an exchange on, under another path and with these headers, which it may change, and its
   * answer back. Never throws.
   */
  forward(exchange: Exchange, path: string, headers: OutgoingHttpHeaders, outcome: ForwardOutcome): void;
  /**
   * A request of our own. Rejects when the server cannot be reached or the signal is aborted before
   * it answers.
   */
  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options?: { readonly body?: Uint8Array | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<UpstreamAnswer>;
  /**
   * Ends streamed answers that `which` names, one after the other over so long, each when it stands
   * at the end of a line, so that nothing is cut in two.
   */
  endAnswers(which: (exchange: Exchange) => boolean, milliseconds: number): Promise<void>;
  sizes(): { readonly sessions: number; readonly streams: number };
}

export function createUpstream(options: UpstreamOptions): Upstream {
  const authority = new URL(options.url).host;
  const sessions = createUpstreamSessions(options);
  const tls = liveOf(options.tls);
  const open = new Set<OpenAnswer>();

  return {
    forward(exchange, path, headers, outcome) {
      headers[':method'] = exchange.method;
      headers[':path'] = path;
      headers[':authority'] = authority;
      headers[flowHeader] = exchange.client;
      const { hasBody } = exchange;
      const attempt = (outcome: ForwardOutcome) => {
        try {
          const { stream, session } = sessions.open(headers, !hasBody);
          relay(exchange, stream, session, outcome, open);
          if (hasBody) relayBody(exchange, stream);
        } catch (error) {
          outcome.failed({ error: error as Error, unsent: true, connection: true });
        }
      };
      if (hasBody) {
        attempt(outcome);
        return;
      }
      // A server that goes away refuses what reaches it too late: nobody has to know. But what says
      // who asks is worth nothing on a connection with another certificate.
      const shown = tls.current();
      attempt({
        ...outcome,
        failed(failure) {
          const isSame = tls.current() === shown;
          if (failure.unsent && !failure.connection && !exchange.closed && isSame) attempt(outcome);
          else outcome.failed(failure);
        },
      });
    },
    request(method, path, headers, { body, signal } = {}) {
      return new Promise((resolve, reject) => {
        const head = { ...headers, ':method': method, ':path': path, ':authority': authority };
        const { stream } = sessions.open(head, body === undefined);
        const cancel = () => {
          stream.close(constants.NGHTTP2_CANCEL);
          reject(new Error('the request was given up'));
        };
        stream.on('error', reject);
        if (signal?.aborted === true) {
          cancel();
          return;
        }
        signal?.addEventListener('abort', cancel, { once: true });
        stream.once('close', () => {
          signal?.removeEventListener('abort', cancel);
          reject(new Error('the connection was closed'));
        });
        stream.on('response', (answer) => resolve({ status: answer[':status'] ?? 502, headers: answer, body: stream }));
        if (body !== undefined) stream.end(body);
      });
    },
    endAnswers: (which, milliseconds) =>
      spreadOver(
        options.clock,
        [...open].filter(({ exchange }) => which(exchange)),
        milliseconds,
        (answer) => answer.endAtLine(),
      ),
    sizes: sessions.sizes,
    [Symbol.dispose]: sessions[Symbol.dispose],
  };
}
