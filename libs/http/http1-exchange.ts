import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { CoalescingBody } from './coalescing-body.ts';
import type { BodyStream, Exchange, RequestHeaders, ResponseHeaders } from './exchange.ts';
import type { ExchangeNeeds } from './http2-exchange.ts';
import { laterHeaders } from './http2-exchange.ts';
import { incoming } from './incoming.ts';
import type { Peer } from './peer.ts';
import { readBody } from './read-body.ts';
import { bodyless, lengthOf } from './response-head.ts';

/** What is left of a refused body is read and dropped up to here, so that the client gets to read the answer; past it the connection ends. */
const dropBytesMax = 64 * 1024 * 1024;

function cutOff(target: Writable): void {
  target.destroy();
}

/** The absolute form (RFC 9112 section 3.2.2) names the server as well; the origin form is what everybody else expects. */
function originForm(url: string): string {
  if (url.charCodeAt(0) === 0x2f) return url;
  const absolute = /^https?:\/\/[^/?#]*([/?].*)?$/i.exec(url);
  if (absolute === null) return url;
  const rest = absolute[1] ?? '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A class because there is one per request: methods on a prototype cost nothing. */
export class Http1Exchange implements Exchange {
  readonly protocol = 'http/1.1';
  readonly method: string;
  readonly url: string;
  readonly peer: Peer;
  answered = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #needs: ExchangeNeeds;
  #closeListeners: (() => void)[] | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, peer: Peer, needs: ExchangeNeeds) {
    this.#request = request;
    this.#response = response;
    this.#needs = needs;
    this.method = request.method ?? '';
    this.url = originForm(request.url ?? '');
    this.peer = peer;
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

  get [incoming](): Readable {
    return this.#request;
  }

  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.#request.headers;
    return coding !== undefined || (length !== undefined && length !== '0');
  }

  readBody(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.#request, lengthOf(this.headers['content-length']), limitBytes, this.#needs.bodies);
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
    const listeners = [listener];
    this.#closeListeners = listeners;
    this.#response.once('close', () => {
      for (const run of listeners) run();
    });
  }

  respond(wanted: number, given: ResponseHeaders, text: Uint8Array | string = ''): void {
    const may = this.#needs.mayAnswer();
    const [status, headers, body] = may ? [wanted, given, text] : [503, laterHeaders, ''];
    if (bodyless(status)) {
      if (this.#begin(status, headers)) this.#response.end();
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (this.#begin(status, { 'content-length': bytes.byteLength, ...headers })) this.#response.end(bytes);
  }

  stream(status: number, headers: ResponseHeaders): BodyStream {
    const may = this.#needs.mayAnswer();
    if (this.#begin(may ? status : 503, may ? headers : laterHeaders)) this.#response.flushHeaders();
    const body = new CoalescingBody(this.#response, this.#needs.flusher, cutOff);
    if (!may) body.end();
    return body;
  }

  /** Ends an answer that its handler will not end any more. */
  cutOff(): void {
    if (!this.#response.writableEnded) cutOff(this.#response);
  }

  /** Sends the head; a head that HTTP forbids throws and leaves the exchange unanswered. False when nobody is there to answer. */
  #begin(status: number, headers: OutgoingHttpHeaders): boolean {
    if (this.answered) throw new Error('the exchange has been answered already');
    if (!this.closed) {
      const declared = lengthOf(this.headers['content-length']) ?? 0;
      if (!this.#request.complete && declared > dropBytesMax) this.#response.shouldKeepAlive = false;
      this.#response.writeHead(status, headers);
    }
    this.answered = true;
    return !this.closed;
  }
}
