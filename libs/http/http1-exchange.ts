import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { CoalescingBody } from './coalescing-body.ts';
import type { BodyStream, Exchange, ExchangeCount, RequestHeaders, ResponseHeaders } from './exchange.ts';
import type { Flow } from './flow.ts';
import { laterHeaders } from './http2-exchange.ts';
import { takeIncoming } from './incoming.ts';
import type { Peer } from './peer.ts';
import { readBody } from './read-body.ts';
import { bodyless, lengthOf } from './response-head.ts';
import type { ExchangeDependencies, ServedRequest } from './served-request.ts';
import { beginRequest, endRequest, resumeRequest, suspendRequest } from './served-request.ts';
import { taken } from './unsent-answers.ts';
import { createWebSocketBody, webSocketHead } from './web-socket.ts';

/**
 * What is left of a refused body is read and dropped up to here, so that the client gets to read
 * the answer; past it the connection ends.
 */
const dropBytesMax = 64 * 1024 * 1024;

function cutOff(target: Writable): void {
  target.destroy();
}

/**
 * The absolute form (RFC 9112 section 3.2.2) names the server as well; the origin form is what
 * everybody else expects.
 */
function originForm(url: string): string {
  if (url.charCodeAt(0) === 0x2f) return url;
  const absolute = /^https?:\/\/[^/?#]*([/?].*)?$/i.exec(url);
  if (absolute === null) return url;
  const rest = absolute[1] ?? '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A connection that its client wants to be a WebSocket, and what it has sent of it already. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Uint8Array;
}

/** A class because there is one per request: methods on a prototype cost nothing. */
export class Http1Exchange implements Exchange, ServedRequest {
  readonly protocol = 'http/1.1';
  readonly method: string;
  readonly url: string;
  readonly peer: Peer;
  readonly flow: Flow;
  answered = false;
  status = 0;
  queued = false;
  progress: ServedRequest['progress'] = 'none';
  unsentBytes = 0;
  unsentSinceMs = taken;
  readonly webSocket: (() => BodyStream) | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #deps: ExchangeDependencies;
  readonly #serve: (exchange: Http1Exchange) => void;
  #body: CoalescingBody | undefined;
  #count: ExchangeCount | undefined;
  #bodyListener: ((refusable: boolean) => void) | undefined;
  #closeListeners: (() => void)[] | undefined;
  #holds: (() => boolean) | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    from: { readonly peer: Peer; readonly flow: Flow },
    deps: ExchangeDependencies,
    serve: (exchange: Http1Exchange) => void,
    upgrade?: Upgrade,
  ) {
    this.#request = request;
    this.#response = response;
    this.#deps = deps;
    this.#serve = serve;
    this.method = request.method ?? '';
    this.url = originForm(request.url ?? '');
    this.peer = from.peer;
    this.flow = from.flow;
    this.webSocket = upgrade === undefined ? undefined : () => this.#openWebSocket(upgrade);
    response.once('close', () => this.#gone());
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
    this.#request.socket.destroy();
  }

  #gone(): void {
    const { queue, unsent } = this.#deps;
    queue.gone(this.flow, this);
    this.#settle();
    unsent.remove(this);
    this.#body?.gone();
    const listeners = this.#closeListeners;
    if (listeners !== undefined) for (const run of listeners) run();
  }

  get headers(): RequestHeaders {
    return this.#request.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.closed || this.#request.socket.destroyed;
  }

  [takeIncoming](): Readable {
    const { queue } = this.#deps;
    suspendRequest(this, queue);
    // An empty body may have ended by now, and no event says so again.
    if (this.#request.readableEnded) this.#bodyArrived(false);
    else this.#request.once('end', () => this.#bodyArrived(false));
    return this.#request;
  }

  #bodyArrived(refusable: boolean): void {
    resumeRequest(this, this.#deps.queue);
    if (this.answered || this.closed) return;
    this.#bodyListener?.(refusable);
  }

  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.#request.headers;
    return coding !== undefined || (length !== undefined && length !== '0');
  }

  readBody(limitBytes: number): Promise<Uint8Array> {
    const { bodies, queue } = this.#deps;
    suspendRequest(this, queue);
    const arrived = () => this.#bodyArrived(true);
    return readBody(this.#request, lengthOf(this.headers['content-length']), limitBytes, bodies, arrived);
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
    if (this.closed) {
      queueMicrotask(listener);
      return;
    }
    if (this.#closeListeners !== undefined) {
      this.#closeListeners.push(listener);
      return;
    }
    this.#closeListeners = [listener];
  }

  respond(wanted: number, given: ResponseHeaders, text: Uint8Array | string = ''): void {
    // That it cannot be served now may be said by anybody.
    const may = wanted === 503 || this.#mayAnswer();
    const [status, headers, body] = may ? [wanted, given, text] : [503, laterHeaders, ''];
    if (bodyless(status)) {
      if (this.#begin(status, headers)) this.#response.end();
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (!this.#begin(status, { 'content-length': bytes.byteLength, ...headers })) return;
    this.#deps.unsent.add(this, bytes.byteLength);
    this.#response.end(bytes);
  }

  stream(status: number, headers: ResponseHeaders, reservedBytes = 0): BodyStream {
    const may = this.#mayAnswer();
    if (this.#begin(may ? status : 503, may ? headers : laterHeaders)) this.#response.flushHeaders();
    const body = new CoalescingBody(this.#response, { ...this.#deps, flow: this.flow, reservedBytes, cutOff });
    this.#body = body;
    if (!may) body.end();
    return body;
  }

  #openWebSocket({ socket, head }: Upgrade): BodyStream {
    if (!this.#mayAnswer()) return this.stream(503, {});
    this.#markAnswered(101);
    if (!this.closed) socket.write(webSocketHead(this.#request));
    const body = new CoalescingBody(socket, { ...this.#deps, flow: this.flow, reservedBytes: 0, cutOff });
    this.#body = body;
    return createWebSocketBody(body, socket, head);
  }

  /** Ends an answer that its handler will not end any more. */
  cutOff(): void {
    if (!this.#response.writableEnded) cutOff(this.#response);
  }

  /**
   * Sends the head; a head that HTTP forbids throws and leaves the exchange unanswered. False when
   * nobody is there to answer.
   */
  #begin(status: number, headers: OutgoingHttpHeaders): boolean {
    if (this.answered) throw new Error('the exchange has been answered already');
    if (!this.closed) {
      const declared = lengthOf(this.headers['content-length']) ?? 0;
      if (!this.#request.complete && declared > dropBytesMax) this.#response.shouldKeepAlive = false;
      this.#response.writeHead(status, headers);
    }
    this.#markAnswered(status);
    return !this.closed;
  }

  #markAnswered(status: number): void {
    if (this.answered) throw new Error('the exchange has been answered already');
    this.answered = true;
    this.status = status;
    this.#settle();
  }
}
