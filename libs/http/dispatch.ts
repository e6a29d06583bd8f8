import { StatusError } from '@kcp-ts/api';
import type { Exchange, ExchangeHandler } from './exchange.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { tooManyRequests } from './in-flight.ts';

/**
 * `exchange` is absent when it is the server itself that failed, as when the process has no file
 * descriptor left.
 */
export type ErrorListener = (error: unknown, exchange: Exchange | undefined) => void;

export type ServedExchange = Http1Exchange | Http2Exchange;

/** Answers with a Status and, where it has one, a Retry-After. */
function refuse(exchange: ServedExchange, error: StatusError): void {
  const status = error.toStatus();
  const seconds = status.details?.retryAfterSeconds;
  exchange.respond(
    status.code,
    { 'content-type': 'application/json', ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) },
    JSON.stringify(status),
  );
}

/** Of a request that does not even wait, since too many wait already. */
export function refuseTooMany(exchange: ServedExchange): void {
  refuse(exchange, tooManyRequests());
}

/**
 * Calls the handler so that nothing it throws gets any further: the client gets a Status, the
 * listener the error.
 */
export function createDispatch(handler: ExchangeHandler, onError: ErrorListener): (exchange: ServedExchange) => void {
  const failed = (error: unknown, exchange: ServedExchange) => {
    try {
      answerFailure(error, exchange);
    } catch (second) {
      // The stream is in a state that Node refuses to answer in.
      onError(second, exchange);
      exchange.cutOff();
    }
  };
  const answerFailure = (error: unknown, exchange: ServedExchange) => {
    if (!(error instanceof StatusError)) onError(error, exchange);
    if (exchange.answered) {
      exchange.cutOff();
      return;
    }
    refuse(exchange, StatusError.from(error));
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
