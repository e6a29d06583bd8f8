/**
 * A client of one server over a few HTTP/2 connections: as many requests at once as the caller
 * likes.
 */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';

export interface LoadAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface LoadClient extends Disposable {
  request(method: string, path: string, body?: unknown): Promise<LoadAnswer>;
  /** As `request`; throws for a status of 300 and above. */
  ok(method: string, path: string, body?: unknown): Promise<LoadAnswer>;
  /** Opens a stream and leaves its data to the caller. */
  stream(path: string): ClientHttp2Stream;
}

export interface Credentials {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export function createLoadClient(credentials: Credentials, connections: number): LoadClient {
  const sessions: ClientHttp2Session[] = Array.from({ length: connections }, () => {
    const session = connect(credentials.url, { ca: credentials.ca, settings: { initialWindowSize: 1 << 20 } });
    session.setMaxListeners(0);
    return session;
  });
  let turn = 0;

  function open(method: string, path: string): ClientHttp2Stream {
    const session = sessions[turn++ % sessions.length];
    if (session === undefined) throw new Error('a load client needs at least one connection');
    return session.request({
      ':method': method,
      ':path': path,
      accept: 'application/json',
      'content-type': 'application/json',
      authorization: `Bearer ${credentials.token}`,
    });
  }

  function request(method: string, path: string, body?: unknown): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      const stream = open(method, path);
      let status = 0;
      const chunks: Buffer[] = [];
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        // A server that cannot answer now may say so in a status alone.
        resolve({ status, body: (text === '' ? {} : JSON.parse(text)) as LoadAnswer['body'] });
      });
      stream.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  return {
    request,
    async ok(method, path, body) {
      const answer = await request(method, path, body);
      if (answer.status >= 300)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body['message'])}`);
      return answer;
    },
    stream: (path) => open('GET', path),
    [Symbol.dispose]() {
      for (const session of sessions) session.destroy();
    },
  };
}
