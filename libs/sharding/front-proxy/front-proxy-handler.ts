/**
 * A request to the front-proxy: who asks, where it goes, and over which connection. It never
 * decodes a body.
 */

import type { UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { AssertionSigner, CertificateVerdict } from '@kcp-ts/authn';
import { assertionHeader, mastersGroup } from '@kcp-ts/authn';
import type { Exchange, InFlight, Peer } from '@kcp-ts/http';
import type { Backends } from '../backends/backends.ts';
import { answerStatus, unavailable } from '../backends/backends.ts';
import { forwardedHeaders } from '../backends/forwarded-headers.ts';
import type { Route, Router } from './router.ts';

export interface FrontProxyHandlerDependencies {
  readonly router: Router;
  readonly backends: Backends;
  readonly signer: AssertionSigner;
  /** Who a client certificate is. */
  readCertificate(peer: Peer): CertificateVerdict;
  readonly inFlight: InFlight;
  /**
   * `/livez`, `/readyz`, `/healthz` and `/metrics` of the proxy itself; undefined for any other
   * path.
   */
  answerOwn(exchange: Exchange): Promise<void> | true | undefined;
  /** The proxy has answered itself that it does not hand a request on. */
  onRefused(status: number): void;
}

export function createFrontProxyHandler(
  deps: FrontProxyHandlerDependencies,
): (exchange: Exchange) => void | Promise<void> {
  const { router, backends, signer } = deps;

  function refuse(exchange: Exchange, error: StatusError): void {
    deps.onRefused(error.code);
    answerStatus(exchange, error);
  }

  function send(exchange: Exchange, route: Route, user: UserInfo | undefined): void {
    // The client may have gone while the answer was looked for.
    if (exchange.closed) return;
    switch (route.kind) {
      case 'forward': {
        const headers = forwardedHeaders(exchange, user === undefined);
        if (user !== undefined) headers[assertionHeader] = signer.sign(user, route.audience);
        const misdirected = () => void router.confirm(exchange).then((found) => sendAgain(exchange, found, user));
        backends.forward(
          route.url,
          exchange,
          route.path,
          headers,
          route.unconfirmed === true ? misdirected : undefined,
        );
        break;
      }
      case 'refuse':
        refuse(exchange, route.error);
        break;
      case 'unavailable':
        deps.onRefused(503);
        exchange.respond(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' }, 'Not available.');
        break;
    }
  }

  /** A body is not there any more: the client sends it again, and nobody has acted on it. */
  function sendAgain(exchange: Exchange, route: Route, user: UserInfo | undefined): void {
    if (route.kind === 'forward' && exchange.hasBody) refuse(exchange, unavailable());
    else send(exchange, route, user);
  }

  return (exchange) => {
    // A tunnel would carry what nobody has looked at.
    if (exchange.method === 'CONNECT') {
      refuse(exchange, StatusError.methodNotAllowed());
      return undefined;
    }
    const own = deps.answerOwn(exchange);
    if (own !== undefined) return own === true ? undefined : own;
    const certificate = deps.readCertificate(exchange.peer);
    if (certificate.kind === 'invalid' && exchange.headers['authorization'] === undefined) {
      refuse(exchange, new StatusError('Unauthorized', 'Unauthorized'));
      return undefined;
    }
    const user = certificate.kind === 'user' ? certificate.user : undefined;
    try {
      deps.inFlight.admit(exchange, user?.groups.includes(mastersGroup) === true);
    } catch (error) {
      refuse(exchange, StatusError.from(error));
      return undefined;
    }
    const route = router.route(exchange);
    if (route instanceof Promise) return route.then((found) => send(exchange, found, user));
    send(exchange, route, user);
    return undefined;
  };
}
