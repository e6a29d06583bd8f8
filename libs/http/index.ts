// Exchanges

// The client
export type { HttpAnswer, HttpClient, HttpClientOptions } from './client.ts';
export { createHttpClient } from './client.ts';
export { decodeJson, decodeJsonInSlices } from './decode/decode-json.ts';
// Bodies
export type { Decoded, DecodeOptions } from './decode/decode-options.ts';
export { depthMax, namesMax } from './decode/decode-options.ts';
export { decodeYaml } from './decode/decode-yaml.ts';
export { formatYaml, formatYamlInSlices } from './decode/format-yaml.ts';
export type { YamlDecoder } from './decode/yaml-decoder.ts';
export { createYamlDecoder } from './decode/yaml-decoder.ts';
export { decodeSegment } from './decode-segment.ts';
export type { BodyStream, Exchange, ExchangeHandler, RequestHeaders, ResponseHeaders } from './exchange.ts';
export type { InFlight, InFlightLimits } from './in-flight.ts';
export { createInFlight } from './in-flight.ts';
export type { HttpLimits } from './limits.ts';
export { defaultHttpLimits } from './limits.ts';
// Negotiation
export type { MediaOffer, MediaRange } from './negotiate.ts';
export { createAcceptReader, negotiate, parseAccept } from './negotiate.ts';
export type { Peer, PeerCertificate } from './peer.ts';
export type { ForwardFailure, ForwardOutcome } from './relay.ts';
export { misdirectedStatus, routedHeader } from './routed.ts';
// The server
export type { HttpServer, HttpServerOptions, HttpServerSizes } from './server.ts';
export { createHttpServer } from './server.ts';
export type { ServerTls } from './tls-server.ts';
export type { Upstream, UpstreamAnswer } from './upstream.ts';
export { createUpstream } from './upstream.ts';
export type { UpstreamOptions } from './upstream-sessions.ts';
