/**
 * The listening socket of a service. It is there before the service is: the port is known, and
 * probes are answered, from the beginning.
 */
import type { PeerAuthorities } from '@kcp-ts/authn';
import { createCertificateReader, createServicePeers } from '@kcp-ts/authn';
import type { Clock, Live } from '@kcp-ts/base';
import type { Exchange, ExchangeHandler, HttpServer, ServerTls } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import type { Logger } from 'pino';
import type { DebugFlagsDependencies } from './debug-flags.ts';
import { answerDebugFlags } from './debug-flags.ts';
import type { ServiceLoad } from './service-load.ts';

export interface ListenDependencies {
  readonly config: { readonly bindAddress: string; readonly securePort: number };
  readonly tls: ServerTls;
  /** Of services; undefined where there are no others. */
  readonly peers: PeerAuthorities | Live<PeerAuthorities> | undefined;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
  readonly logging: DebugFlagsDependencies['logging'];
  readonly load: ServiceLoad;
}

export interface Listener {
  readonly port: number;
  /**
   * From now on requests go to `handler`. What it answers is given only while `holds` says that it
   * may be; what probes and scrapes ask says nothing of the data and is always answered.
   */
  serve(handler: ExchangeHandler, holds?: () => boolean): void;
  /** Of connections from now on; those that are open go on. */
  setTls(tls: ServerTls): void;
  /** Takes no new requests, lets those under way end for so long, then cuts off what is left. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

const ofTheProcess = /^\/(livez|readyz|healthz|metrics|debug)(?=[/?]|$)/;

/** What is answered before anything else is there: it is alive, and is not ready. */
function answerStarting(exchange: Exchange): void {
  const path = exchange.url.split('?', 1)[0];
  if (path === '/livez' || path === '/healthz') exchange.respond(200, { 'content-type': 'text/plain' }, 'ok');
  else exchange.respond(503, { 'retry-after': '1' });
}

/** Resolves when it listens. */
export async function listen({ config, tls, peers, clock, log, logging, load }: ListenDependencies): Promise<Listener> {
  let handler: ExchangeHandler = answerStarting;
  let mayAnswer: (() => boolean) | undefined;
  const debugFlags = { logging, readCertificate: createCertificateReader(() => clock.now()) };
  const server: HttpServer = createHttpServer({
    tls,
    handler(exchange) {
      // The ownership that has begun to serve a request answers it, or none: the next ownership
      // cannot vouch for what the one before has read.
      if (mayAnswer !== undefined && !ofTheProcess.test(exchange.url)) exchange.answerWhile(mayAnswer);
      return answerDebugFlags(debugFlags, exchange) ?? handler(exchange);
    },
    ...(peers === undefined ? {} : { isService: createServicePeers({ peerCa: peers }) }),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  load.follow(server);
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  return {
    port,
    serve(next, holds) {
      mayAnswer = holds;
      handler = next;
    },
    setTls: (renewed) => server.setSecureContext(renewed),
    close: (options) => server.close(options),
  };
}
