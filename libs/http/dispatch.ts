import { StatusError } from '@kcp-ts/meta';
import type { Exchange, ExchangeHandler } from './exchange.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import type { Http2Exchange } from './http2-exchange.ts';

/** `exchange` is absent when it is the server itself that failed, as when the process has no file descriptor left. */
export type ErrorListener = (error: unknown, exchange: Exchange | undefined) => void;

type ServedExchange = Http1Exchange | Http2Exchange;

/** Calls the handler so that nothing it throws gets any further: the client gets a Status, the listener the error. */
export function createDispatch(handler: ExchangeHandler, onError: ErrorListener): (exchange: ServedExchange) => void {
  const failed = (error: unknown, exchange: ServedExchange) => {
    if (!(error instanceof StatusError)) onError(error, exchange);
    if (exchange.answered) {
      exchange.cutOff();
      return;
    }
    const status = StatusError.from(error).toStatus();
    exchange.respond(status.code, { 'content-type': 'application/json' }, JSON.stringify(status));
  };
  return (exchange) => {
    try {
      const answer = handler(exchange);
      if (answer !== undefined) answer.catch((error: unknown) => failed(error, exchange));
    } catch (error) {
      failed(error, exchange);
    }
  };
}
