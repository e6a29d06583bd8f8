/**
 * HTTPS requests for programs that people run: small answers, read whole, over one kept-alive
 * connection.
 */
import { request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';

export interface HttpClientOptions {
  /** PEM bundles. Without `ca` the system's own roots are trusted. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** A bearer token, sent with each request. */
  readonly token?: string | undefined;
  /** Basic authentication; a token wins over it. */
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  /** Trusts any server certificate. */
  readonly insecure?: boolean | undefined;
  /** The name to expect in the server's certificate, where it is not the URL's host. */
  readonly serverName?: string | undefined;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long a request may take, in milliseconds; 30,000 if absent. */
  readonly timeout?: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; values of a repeated header joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpClient extends Disposable {
  /**
   * Rejects when the server cannot be reached or does not answer in time; every status is an
   * answer. `body` is sent as JSON.
   */
  request(method: string, url: string, body?: unknown): Promise<HttpAnswer>;
}

/** An answer longer than this is not for a person. */
const maxAnswerBytes = 64 * 1024 * 1024;

function authorizationOf(options: HttpClientOptions): string | undefined {
  if (options.token !== undefined) return `Bearer ${options.token}`;
  if (options.basic === undefined) return undefined;
  return `Basic ${Buffer.from(`${options.basic.username}:${options.basic.password}`).toString('base64')}`;
}

function agentOf(options: HttpClientOptions): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: 8,
    rejectUnauthorized: options.insecure !== true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
  });
}

function flatHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agent = agentOf(options);
  const authorization = authorizationOf(options);
  const timeout = options.timeout ?? 30_000;
  const shared = {
    accept: 'application/json',
    ...options.headers,
    ...(authorization === undefined ? {} : { authorization }),
  };

  function request(method: string, url: string, body?: unknown): Promise<HttpAnswer> {
    const target = new URL(url);
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      ...shared,
      ...(bytes === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(bytes.byteLength) }),
    };
    const send = target.protocol === 'http:' ? plainRequest : tlsRequest;
    const base = { method, headers, signal: AbortSignal.timeout(timeout) };
    return new Promise((resolve, reject) => {
      const outgoing = send(target, target.protocol === 'http:' ? base : { ...base, agent }, (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('data', (chunk: Buffer) => {
          length += chunk.byteLength;
          if (length > maxAnswerBytes)
            incoming.destroy(new Error(`the answer of ${target.host} is longer than ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: flatHeaders(incoming.headers),
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(bytes);
    });
  }

  return { request, [Symbol.dispose]: () => agent.destroy() };
}
