import type {
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerStreamResponseOptions,
} from 'node:http2';
import { constants } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { Flusher } from './coalescing-body.ts';
import { CoalescingBody } from './coalescing-body.ts';
import type { Deadlines } from './deadlines.ts';
import type { BodyStream, Exchange, RequestHeaders, ResponseHeaders } from './exchange.ts';
import { incoming } from './incoming.ts';
import type { Peer } from './peer.ts';
import { readBody } from './read-body.ts';
import { bodyless, lengthOf } from './response-head.ts';

/** An error, and not `close(code)`: that would end the writable side first, and the client could take the cut answer for a whole one. */
function cutOff(target: Writable): void {
  target.destroy(new Error('the answer was cut off'));
}

/** What the exchanges of one server share. */
export interface ExchangeNeeds {
  /** Whether what a handler has found out may still be said; asked when it is about to be. */
  readonly mayAnswer: () => boolean;
  readonly flusher: Flusher;
  readonly bodies: Deadlines;
}

/** A class because there is one per request: methods on a prototype cost nothing. */
export class Http2Exchange implements Exchange {
  readonly protocol = 'h2';
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  answered = false;
  readonly #stream: ServerHttp2Stream;
  readonly #needs: ExchangeNeeds;
  #closeListeners: (() => void)[] | undefined;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    peer: Peer,
    needs: ExchangeNeeds,
  ) {
    this.#stream = stream;
    this.#needs = needs;
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.peer = peer;
  }

  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  get [incoming](): Readable {
    return this.#stream;
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }

  readBody(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.#stream, lengthOf(this.headers['content-length']), limitBytes, this.#needs.bodies);
  }

  onClose(listener: () => void): void {
    if (this.#stream.destroyed) {
      queueMicrotask(listener);
      return;
    }
    if (this.#closeListeners !== undefined) {
      this.#closeListeners.push(listener);
      return;
    }
    const listeners = [listener];
    this.#closeListeners = listeners;
    this.#stream.once('close', () => {
      for (const run of listeners) run();
    });
  }

  respond(wanted: number, given: ResponseHeaders, text?: Uint8Array | string): void {
    const may = this.#needs.mayAnswer();
    const [status, headers, body] = may ? [wanted, given, text] : [503, laterHeaders, undefined];
    const stream = this.#stream;
    if (bodyless(status)) this.#begin({ ':status': status, ...headers }, endStream);
    else if (body === undefined) this.#begin({ ':status': status, 'content-length': 0, ...headers }, endStream);
    else {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const begun = this.#begin({ ':status': status, 'content-length': bytes.byteLength, ...headers });
      if (begun && this.method !== 'HEAD') stream.end(bytes);
    }
    /* What is left of a body that was refused: the client may stop sending it. */
    if (stream.readableFlowing !== null && !stream.readableEnded) {
      // What has come already is thrown away: a stream with unread bytes never closes, and keeps its connection from closing.
      stream.resume();
      stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }

  stream(status: number, headers: ResponseHeaders): BodyStream {
    const may = this.#needs.mayAnswer();
    this.#begin(may ? { ':status': status, ...headers } : { ':status': 503, ...laterHeaders });
    const body = new CoalescingBody(this.#stream, this.#needs.flusher, cutOff);
    if (!may) body.end();
    return body;
  }

  /** Ends an answer that its handler will not end any more. */
  cutOff(): void {
    if (!this.#stream.writableEnded) cutOff(this.#stream);
  }

  /** Sends the head; a head that HTTP forbids throws and leaves the exchange unanswered. False when nobody is there to answer. */
  #begin(head: OutgoingHttpHeaders, options?: ServerStreamResponseOptions): boolean {
    if (this.answered) throw new Error('the exchange has been answered already');
    if (!this.closed) this.#stream.respond(head, options);
    this.answered = true;
    return !this.closed;
  }
}

const endStream = { endStream: true };

/** Of an answer that may not be given: somebody else can give it. */
export const laterHeaders: ResponseHeaders = { 'retry-after': '1' };
