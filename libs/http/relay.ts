/**
 * One exchange handed on to another server, and its answer handed back: bodies stream both ways
 * with backpressure and are never decoded. A short answer whose length is known goes back in one
 * piece; so it costs one write, and one that breaks off has not been begun.
 */
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import type { Readable } from 'node:stream';
import type { BodyStream, Exchange, ResponseHeaders } from './exchange.ts';
import { takeIncoming } from './incoming.ts';
import { lengthOf } from './response-head.ts';
import type { UpstreamSession } from './upstream-sessions.ts';
import { upstreamWindowBytes } from './upstream-sessions.ts';

export interface ForwardFailure {
  readonly error: Error;
  /** The request cannot have been acted on: it may be sent again, whatever it is. */
  readonly unsent: boolean;
  /** It is the connection that failed, and not this request alone. */
  readonly connection: boolean;
}

/** What became of a request that was handed on. */
export interface ForwardOutcome {
  /** There is no answer, and nobody has answered the client. */
  failed(failure: ForwardFailure): void;
  /** The head of the answer has come, with this status. */
  answered(status: number): void;
  /**
   * Whether an answer with this status is not for the client, who is then answered by the caller
   * that handed the request on.
   */
  keeps?(status: number): boolean;
}

/** An answer that goes on. */
export interface OpenAnswer {
  readonly exchange: Exchange;
  /** Ends it for the client as soon as it stands at the end of a line. */
  endAtLine(): void;
}

/** Up to here an answer goes back in one piece. */
const wholeBytesMax = 64 * 1024;
const newline = 0x0a;

/** Headers of an answer that belong to its connection, or are made again. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'trailer',
]);

function ignore(): void {}

function answerHeaders(headers: IncomingHttpHeaders): ResponseHeaders {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    if (name.charCodeAt(0) === 0x3a || dropped.has(name)) continue;
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * Hands back what comes; the client gets a whole answer, or one that it can tell is not whole, or
 * none and the outcome is returned.
 */
export function relay(
  exchange: Exchange,
  stream: ClientHttp2Stream,
  session: UpstreamSession,
  outcome: ForwardOutcome,
  open: Set<OpenAnswer>,
): void {
  let over = false;
  let body: BodyStream | undefined;
  let ended = () => body?.end();

  function fail(error: Error): void {
    if (over) return;
    over = true;
    if (exchange.closed) return;
    if (body !== undefined) {
      body.destroy();
      return;
    }
    const { connected, http } = session;
    // A refused stream has had no effect. (RFC 9113, 8.7)
    const unsent = !connected || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    outcome.failed({ error, unsent, connection: !connected || http.destroyed });
  }
  function end(): void {
    if (over) return;
    // A stream that was reset ends as if it were whole.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      fail(new Error('the answer was cut off'));
      return;
    }
    try {
      ended();
      over = true;
    } catch (error) {
      fail(error as Error);
    }
  }
  function begin(status: number, head: IncomingHttpHeaders): void {
    const headers = answerHeaders(head);
    const length = lengthOf(head['content-length']);
    if (length !== undefined && length <= wholeBytesMax && exchange.method !== 'HEAD') {
      const whole = gather(stream, length);
      ended = () => exchange.respond(status, headers, whole());
      return;
    }
    // What has no length and goes on is a watch.
    const messages = status === 200 && length === undefined ? exchange.webSocket : undefined;
    body = messages === undefined ? exchange.stream(status, headers, upstreamWindowBytes) : messages();
    const answer = passOn(exchange, stream, body, () => {
      over = true;
    });
    open.add(answer);
    stream.once('close', () => open.delete(answer));
  }

  stream.on('response', (head) => {
    const status = head[':status'] ?? 502;
    outcome.answered(status);
    if (over) return;
    if (outcome.keeps?.(status) === true) {
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
      return;
    }
    try {
      begin(status, head);
    } catch (error) {
      // A head that HTTP forbids.
      stream.close(constants.NGHTTP2_CANCEL);
      fail(error as Error);
    }
  });
  stream.on('end', end);
  stream.on('error', fail);
  stream.on('close', () => fail(new Error('the connection was closed')));
  exchange.onClose(() => {
    if (over) return;
    over = true;
    stream.close(constants.NGHTTP2_CANCEL);
  });
}

/** Keeps what comes; gives it as one, and throws where there is less than there should be. */
function gather(stream: ClientHttp2Stream, length: number): () => Uint8Array | undefined {
  const chunks: Buffer[] = [];
  let missing = length;
  stream.on('data', (chunk: Buffer) => {
    missing -= chunk.byteLength;
    chunks.push(chunk);
  });
  return () => {
    if (missing !== 0) throw new Error('the answer was cut off');
    return chunks.length <= 1 ? chunks[0] : Buffer.concat(chunks, length);
  };
}

/**
 * Hands on what comes, as fast as the client takes it. `over` is called when the answer was ended
 * before the server did so.
 */
function passOn(exchange: Exchange, stream: ClientHttp2Stream, body: BodyStream, over: () => void): OpenAnswer {
  let atLine = true;
  let ending = false;
  const end = () => {
    over();
    body.end();
    stream.close(constants.NGHTTP2_CANCEL);
  };
  body.onDrain(() => stream.resume());
  stream.on('data', (chunk: Buffer) => {
    const more = body.write(chunk);
    atLine = chunk[chunk.byteLength - 1] === newline;
    if (ending && atLine) end();
    else if (!more) stream.pause();
  });
  return {
    exchange,
    endAtLine() {
      ending = true;
      if (atLine) end();
    },
  };
}

/**
 * The request's body, no faster than the server takes it; a client that breaks off takes the
 * request with it.
 */
export function relayBody(exchange: Exchange, stream: ClientHttp2Stream): void {
  const source = (exchange as Exchange & { [takeIncoming](): Readable })[takeIncoming]();
  // An empty body may have ended while it was looked up where the request goes.
  if (source.readableEnded) {
    stream.end();
    return;
  }
  source.on('data', (chunk: Buffer) => {
    if (stream.destroyed || stream.writableEnded || stream.write(chunk)) return;
    source.pause();
    stream.once('drain', () => source.resume());
  });
  source.on('end', () => {
    if (!stream.destroyed) stream.end();
  });
  source.on('error', ignore);
  // A server that has answered before it took all may stop listening; what still comes is dropped.
  stream.once('close', () => source.resume());
}
