/** The listening socket of a shard, which outlives every ownership of it. What is not the owner's to answer is answered here. */
import { createServicePeers } from '@kcp-ts/authn';
import type { Clock } from '@kcp-ts/base';
import type { Exchange, ExchangeHandler, HttpServer } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import type { Logger } from 'pino';
import type { ensureCertificates } from './certificates.ts';
import type { ShardConfig } from './config.ts';

export interface ListenDependencies {
  readonly config: ShardConfig;
  readonly certificates: Awaited<ReturnType<typeof ensureCertificates>>;
  /** PEM, or nothing where the shard stands alone. */
  readonly peerCa: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Listener {
  readonly server: HttpServer;
  readonly port: number;
  /**
   * From now on requests go to `handler`. What it answers is given only while `holds` says that it may be; what probes and scrapes ask says nothing of the data
   * and is always answered.
   */
  serve(handler: ExchangeHandler, holds?: () => boolean): void;
}

const ofTheProcess = /^\/(livez|readyz|healthz|metrics)(?=[/?]|$)/;

/** What is answered before anything else is there: it lives, and is not ready. */
function answerStarting(exchange: Exchange): void {
  const path = exchange.url.split('?', 1)[0];
  if (path === '/livez' || path === '/healthz') exchange.respond(200, { 'content-type': 'text/plain' }, 'ok');
  else exchange.respond(503, { 'retry-after': '1' });
}

/** The port is known before the shard is, since URLs in its objects name it. */
export async function listen({ config, certificates, peerCa, clock, log }: ListenDependencies): Promise<Listener> {
  let handler: ExchangeHandler = answerStarting;
  let mayAnswer: (() => boolean) | undefined;
  const server = createHttpServer({
    tls: {
      certificate: certificates.serving.certificate,
      privateKey: certificates.serving.privateKey,
      clientCa: `${certificates.clientCa}${peerCa}`,
    },
    handler(exchange) {
      // Whoever has begun to serve a request answers it, or nobody: the next ownership cannot vouch for what the one before has read.
      if (mayAnswer !== undefined && !ofTheProcess.test(exchange.url)) exchange.answerWhile(mayAnswer);
      return handler(exchange);
    },
    ...(peerCa === '' ? {} : { isService: createServicePeers({ peerCa }) }),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  return {
    server,
    port,
    serve(next, holds) {
      mayAnswer = holds;
      handler = next;
    },
  };
}
