// Exchanges

// The client
export type { HttpClient, HttpClientOptions } from './client.ts';
export { createHttpClient } from './client.ts';
export { decodeJson, decodeJsonInSlices } from './decode/decode-json.ts';
// Bodies
export type { DecodeOptions } from './decode/decode-options.ts';
export { depthMax, namesMax } from './decode/decode-options.ts';
export { decodeYaml } from './decode/decode-yaml.ts';
export { formatYaml, formatYamlInSlices } from './decode/format-yaml.ts';
export type { YamlDecoder } from './decode/yaml-decoder.ts';
export { createYamlDecoder } from './decode/yaml-decoder.ts';
export { decodeSegment } from './decode-segment.ts';
export type { BodyStream, Exchange, ExchangeHandler, RequestHeaders, ResponseHeaders } from './exchange.ts';
export type { InFlight } from './in-flight.ts';
export { createInFlight } from './in-flight.ts';
export type { HttpLimits } from './limits.ts';
export type { LoopbackHandler, LoopbackServer } from './loopback-server.ts';
export { isLoopback, startLoopbackServer } from './loopback-server.ts';
// Negotiation
export { parseAccept } from './negotiate.ts';
export type { Peer, PeerCertificate } from './peer.ts';
export { misdirectedStatus, routedHeader } from './routed.ts';
// The server
export type { HttpServer } from './server.ts';
export { createHttpServer } from './server.ts';
export type { ServerTls } from './tls-server.ts';
export type { Upstream, UpstreamAnswer } from './upstream.ts';
export { createUpstream } from './upstream.ts';
