import type {
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerStreamResponseOptions,
} from 'node:http2';
import { constants } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { CoalescingBody } from './coalescing-body.ts';
import type { BodyStream, Exchange, ExchangeCount, RequestHeaders, ResponseHeaders } from './exchange.ts';
import type { Flow } from './flow.ts';
import { takeIncoming } from './incoming.ts';
import type { Peer } from './peer.ts';
import { readBody } from './read-body.ts';
import { bodyless, lengthOf } from './response-head.ts';
import type { ExchangeDependencies, ServedRequest } from './served-request.ts';
import { beginRequest, endRequest, resumeRequest, suspendRequest } from './served-request.ts';
import { taken } from './unsent-answers.ts';

/**
 * An error, and not `close(code)`: that would end the writable side first, and the client could
 * take the cut answer for a whole one.
 */
function cutOff(target: Writable): void {
  target.destroy(new Error('the answer was cut off'));
}

const exchange = Symbol('exchange');

interface StreamOfExchange extends ServerHttp2Stream {
  [exchange]?: Http2Exchange;
}

/**
 * One listener for all streams: a closure for each, and its removal, would be a part of what a
 * small request costs.
 */
function tellExchange(this: StreamOfExchange): void {
  this[exchange]?.gone();
}

/** A class because there is one per request: methods on a prototype cost nothing. */
export class Http2Exchange implements Exchange, ServedRequest {
  readonly protocol = 'h2';
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  readonly flow: Flow;
  answered = false;
  status = 0;
  queued = false;
  progress: ServedRequest['progress'] = 'none';
  unsentBytes = 0;
  unsentSinceMs = taken;
  readonly #stream: ServerHttp2Stream;
  readonly #deps: ExchangeDependencies;
  readonly #serve: (exchange: Http2Exchange) => void;
  #body: CoalescingBody | undefined;
  #count: ExchangeCount | undefined;
  #bodyListener: ((refusable: boolean) => void) | undefined;
  #closeListeners: (() => void)[] | undefined;
  #holds: (() => boolean) | undefined;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    from: { readonly peer: Peer; readonly flow: Flow },
    deps: ExchangeDependencies,
    serve: (exchange: Http2Exchange) => void,
  ) {
    this.#stream = stream;
    this.#deps = deps;
    this.#serve = serve;
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.peer = from.peer;
    this.flow = from.flow;
    (stream as StreamOfExchange)[exchange] = this;
    stream.on('close', tellExchange);
  }

  get client(): string {
    return this.flow.id;
  }

  run(): void {
    beginRequest(this, this.#deps.queue);
    this.#serve(this);
  }

  pause(): Promise<void> | undefined {
    const { queue } = this.#deps;
    const pause = queue.pause(this.flow);
    if (pause === undefined) return undefined;
    const count = this.#count;
    suspendRequest(this, queue);
    this.#count = undefined;
    if (count !== undefined) count.current--;
    return pause.then(() => {
      resumeRequest(this, queue);
      if (count !== undefined && !this.answered && !this.closed) this.countIn(count);
    });
  }

  giveUp(): void {
    cutOff(this.#stream);
  }

  /** Its stream is closed. */
  gone(): void {
    const { queue, unsent } = this.#deps;
    queue.gone(this.flow, this);
    this.#settle();
    unsent.remove(this);
    this.#body?.gone();
    const listeners = this.#closeListeners;
    if (listeners !== undefined) for (const run of listeners) run();
  }

  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  [takeIncoming](): Readable {
    const { queue } = this.#deps;
    suspendRequest(this, queue);
    // An empty body may have ended by now, and no event says so again.
    if (this.#stream.readableEnded) this.#bodyArrived(false);
    else this.#stream.once('end', () => this.#bodyArrived(false));
    return this.#stream;
  }

  #bodyArrived(refusable: boolean): void {
    resumeRequest(this, this.#deps.queue);
    if (this.answered || this.closed) return;
    this.#bodyListener?.(refusable);
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }

  readBody(limitBytes: number): Promise<Uint8Array> {
    const { bodies, queue } = this.#deps;
    suspendRequest(this, queue);
    const arrived = () => this.#bodyArrived(true);
    return readBody(this.#stream, lengthOf(this.headers['content-length']), limitBytes, bodies, arrived);
  }

  answerWhile(holds: () => boolean): void {
    this.#holds = holds;
  }

  #mayAnswer(): boolean {
    return this.#holds === undefined || this.#holds();
  }

  countIn(count: ExchangeCount): void {
    this.#count = count;
    count.current++;
  }

  onBody(listener: (refusable: boolean) => void): void {
    this.#bodyListener = listener;
  }

  #settle(): void {
    endRequest(this, this.#deps.queue);
    const count = this.#count;
    if (count === undefined) return;
    this.#count = undefined;
    count.current--;
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
    this.#closeListeners = [listener];
  }

  respond(wanted: number, given: ResponseHeaders, text?: Uint8Array | string): void {
    // That it cannot be served now may be said by anybody.
    const may = wanted === 503 || this.#mayAnswer();
    const [status, headers, body] = may ? [wanted, given, text] : [503, laterHeaders, undefined];
    const stream = this.#stream;
    if (bodyless(status)) this.#begin({ ':status': status, ...headers }, endStream);
    else if (body === undefined) this.#begin({ ':status': status, 'content-length': 0, ...headers }, endStream);
    else {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const begun = this.#begin({ ':status': status, 'content-length': bytes.byteLength, ...headers });
      if (begun && this.method !== 'HEAD') {
        this.#deps.unsent.add(this, bytes.byteLength);
        stream.end(bytes);
      }
    }
    /* What is left of a body that was refused: the client may stop sending it. */
    if (stream.readableFlowing !== null && !stream.readableEnded) {
      // What has come already is thrown away: a stream with unread bytes never closes, and keeps
      // its connection from closing.
      stream.resume();
      stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }

  stream(status: number, headers: ResponseHeaders, reservedBytes = 0): BodyStream {
    const may = this.#mayAnswer();
    this.#begin(may ? { ':status': status, ...headers } : { ':status': 503, ...laterHeaders });
    const body = new CoalescingBody(this.#stream, { ...this.#deps, flow: this.flow, reservedBytes, cutOff });
    this.#body = body;
    if (!may) body.end();
    return body;
  }

  /** Ends an answer that its handler will not end any more. */
  cutOff(): void {
    if (!this.#stream.writableEnded) cutOff(this.#stream);
  }

  /**
   * Sends the head; a head that HTTP forbids throws and leaves the exchange unanswered. False when
   * nobody is there to answer.
   */
  #begin(head: OutgoingHttpHeaders, options?: ServerStreamResponseOptions): boolean {
    if (this.answered) throw new Error('the exchange has been answered already');
    if (!this.closed) this.#stream.respond(head, options);
    this.answered = true;
    this.status = Number(head[':status']);
    this.#settle();
    return !this.closed;
  }
}

const endStream = { endStream: true };

/** Of an answer that may not be given: another server can give it. */
export const laterHeaders: ResponseHeaders = { 'retry-after': '1' };
