// Exchanges
export type { BodyStream, Exchange, ExchangeHandler, RequestHeaders, ResponseHeaders } from './exchange.ts';
export type { Peer, PeerCertificate } from './peer.ts';

// The server
export type { HttpLimits, HttpServer, HttpServerOptions, ServerTls } from './server.ts';
export { createHttpServer, defaultHttpLimits } from './server.ts';
