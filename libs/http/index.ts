// Exchanges

export { decodeJson } from './decode/decode-json.ts';
// Bodies
export type { Decoded, DecodeOptions } from './decode/decode-options.ts';
export { decodeYaml, formatYaml } from './decode/decode-yaml.ts';
export type { BodyStream, Exchange, ExchangeHandler, RequestHeaders, ResponseHeaders } from './exchange.ts';
export { notAcceptable, unsupportedMediaType } from './media-errors.ts';
// Negotiation
export type { MediaOffer, MediaRange } from './negotiate.ts';
export { createAcceptReader, negotiate, parseAccept } from './negotiate.ts';
export type { Peer, PeerCertificate } from './peer.ts';
// The server
export type { HttpLimits, HttpServer, HttpServerOptions, ServerTls } from './server.ts';
export { createHttpServer, defaultHttpLimits } from './server.ts';

// The client
export type { HttpAnswer, HttpClient, HttpClientOptions } from './client.ts';
export { createHttpClient } from './client.ts';
