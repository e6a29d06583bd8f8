/**
 * A small Kubernetes client over one HTTP/2 session: requests with their status and parsed body,
 * and watches as async iterables.
 */

import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { KubeObject } from '@kcp-ts/api';

export interface Answer<T = KubeObject> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: T;
  readonly text: string;
  readonly bytes: Uint8Array;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface ApiClient extends AsyncDisposable {
  request<T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer<T>>;
  get<T = KubeObject>(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
  post<T = KubeObject>(path: string, body: unknown): Promise<Answer<T>>;
  put<T = KubeObject>(path: string, body: unknown): Promise<Answer<T>>;
  /** A merge patch, unless the content type says otherwise. */
  patch<T = KubeObject>(path: string, body: unknown, contentType?: string): Promise<Answer<T>>;
  delete<T = KubeObject>(path: string): Promise<Answer<T>>;
  /**
   * Events until the server ends the watch or the signal aborts. A watch that is refused gives its
   * Status as one ERROR.
   */
  watch(path: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Asks again until the answer is as wanted; throws with the last answer after ten seconds. */
  until<T = KubeObject>(path: string, wanted: (answer: Answer<T>) => boolean): Promise<Answer<T>>;
}

export interface ClientOptions {
  readonly url: string;
  readonly ca: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name to expect in the server's certificate, where it is not the URL's host. */
  readonly serverName?: string;
}

/**
 * Bodies that wait to be sent count against a session: the default of 10 would end it at the first
 * that is too large for the server.
 */
const sessionMegabytesMax = 100;
const patienceMs = 10_000;
const pauseMs = 10;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function createApiClient(options: ClientOptions): ApiClient {
  let session: ClientHttp2Session | undefined;
  const { ca, cert, key, serverName } = options;

  function open(): ClientHttp2Session {
    if (session === undefined || session.destroyed || session.closed) {
      session = connect(options.url, {
        ca,
        maxSessionMemory: sessionMegabytesMax,
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(serverName === undefined ? {} : { servername: serverName }),
      });
      session.on('error', () => undefined);
      session.setMaxListeners(0);
    }
    return session;
  }

  function start(method: string, path: string, headers: Readonly<Record<string, string>>) {
    const authorization: Record<string, string> =
      options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    // A DELETE may have a body.
    return open().request(
      { ':method': method, ':path': path, accept: 'application/json', ...authorization, ...headers },
      { endStream: method === 'GET' },
    );
  }

  function request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      const stream = start(
        method,
        path,
        body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      );
      let status = 0;
      let answered: Answer['headers'] = {};
      const chunks: Buffer[] = [];
      stream.on('response', (received) => {
        status = received[':status'] ?? 0;
        answered = received as Answer['headers'];
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      // What has been answered is not told this any more.
      stream.on('close', () => reject(new Error(`${method} ${path}: the connection ended before the answer did`)));
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({ status, headers: answered, body: parse(text) as T, text, bytes });
      });
      if (body === undefined) stream.end();
      else stream.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
    });
  }

  return {
    request,
    get: (path, headers) => request('GET', path, undefined, headers),
    post: (path, body) => request('POST', path, body),
    put: (path, body) => request('PUT', path, body),
    patch: (path, body, contentType = 'application/merge-patch+json') =>
      request('PATCH', path, body, { 'content-type': contentType }),
    delete: (path) => request('DELETE', path),
    async *watch(path, signal) {
      const stream = start('GET', path, {});
      const stop = () => stream.close();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      let text = '';
      let status = 0;
      stream.once('response', (received) => {
        status = received[':status'] ?? 0;
      });
      try {
        stream.setEncoding('utf8');
        for await (const chunk of stream) {
          text += chunk;
          for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
            yield JSON.parse(text.slice(0, end)) as WatchEvent;
            text = text.slice(end + 1);
          }
        }
        if (status >= 400)
          yield { type: 'ERROR', object: { code: status, ...(parse(text) as KubeObject) } as KubeObject };
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        stream.close();
      }
    },
    async until<T>(path: string, wanted: (answer: Answer<T>) => boolean) {
      const end = performance.now() + patienceMs;
      for (;;) {
        const answer = await request<T>('GET', path);
        if (wanted(answer)) return answer;
        if (performance.now() > end)
          throw new Error(
            `${path} never became as wanted; the last answer was ${answer.status} ${answer.text.slice(0, 2_000)}`,
          );
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
    async [Symbol.asyncDispose]() {
      session?.destroy();
    },
  };
}
