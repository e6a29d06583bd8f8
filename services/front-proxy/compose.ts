/** The front-proxy from top to bottom: who asks, where it goes, and over which connection. It never decodes a body. */
import type { AssertionSigner, CertificateVerdict } from '@kcp-ts/authn';
import { assertionHeader } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';
import type { Backends } from '@kcp-ts/installation';
import { answerStatus, forwardedHeaders } from '@kcp-ts/installation';
import { StatusError } from '@kcp-ts/meta';
import type { Router, Target } from './router.ts';

export interface FrontProxyNeeds {
  readonly router: Router;
  readonly backends: Backends;
  readonly signer: AssertionSigner;
  /** Who a client certificate is. */
  readCertificate(peer: Peer): CertificateVerdict;
  /** `/livez`, `/readyz`, `/healthz` and `/metrics` of the proxy itself; false for any other path. */
  answerOwn(exchange: Exchange): boolean;
  observe(exchange: Exchange): void;
}

/** The audience of assertions: whoever serves the API in this installation. */
const audience = 'kcp';

export function createFrontProxy(needs: FrontProxyNeeds): (exchange: Exchange) => void | Promise<void> {
  const { router, backends, signer } = needs;

  function send(exchange: Exchange, target: Target, headers: Record<string, string | string[]>): void {
    switch (target.kind) {
      case 'forward':
        backends.forward(target.url, exchange, target.path, headers);
        break;
      case 'refuse':
        answerStatus(exchange, target.error);
        break;
      case 'unavailable':
        exchange.respond(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' }, 'Not available.');
        break;
    }
  }

  return (exchange) => {
    needs.observe(exchange);
    if (needs.answerOwn(exchange)) return undefined;
    const certificate = needs.readCertificate(exchange.peer);
    if (certificate.kind === 'invalid' && exchange.headers['authorization'] === undefined) {
      answerStatus(exchange, new StatusError('Unauthorized', 'Unauthorized'));
      return undefined;
    }
    const headers = forwardedHeaders(exchange, certificate.kind !== 'user');
    if (certificate.kind === 'user') headers[assertionHeader] = signer.sign(certificate.user, audience);
    const target = router.route(exchange);
    if (!(target instanceof Promise)) {
      send(exchange, target, headers);
      return undefined;
    }
    return target.then((found) => send(exchange, found, headers));
  };
}
