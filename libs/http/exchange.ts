/**
 * One request and its answer, whichever HTTP version carried it. Handlers see this and nothing of
 * `node:http2`.
 *
 * An exchange is answered once: by `respond` (the whole answer) or by `stream` (a body that goes
 * on). It holds no promise, timer or AbortController unless one is asked for.
 */
import type { Peer } from './peer.ts';

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;
export type ResponseHeaders = Readonly<Record<string, string | string[]>>;

/** Something that exchanges are counted in. */
export interface ExchangeCount {
  current: number;
}

export interface Exchange {
  readonly method: string;
  /** Path and query as the client sent them, neither decoded nor normalised. */
  readonly url: string;
  /**
   * Names in lower case; repeated ones joined as Node does. HTTP/2's pseudo-headers are among them.
   */
  readonly headers: RequestHeaders;
  /**
   * Name, value, name, value … as received: the only place where repeated headers can be
   * distinguished.
   */
  readonly rawHeaders: readonly string[];
  /** The same object for every exchange of one TLS session. */
  readonly peer: Peer;
  readonly protocol: 'h2' | 'http/1.1';
  /**
   * Answers with anything but 503 only while `holds` says so, asked when an answer begins; at most
   * one call.
   */
  answerWhile(holds: () => boolean): void;
  /**
   * The whole body; at most one call. Throws StatusError RequestEntityTooLarge past the limit,
   * Timeout when the body is too slow.
   */
  readBody(limitBytes: number): Promise<Uint8Array>;
  /**
   * Runs once when the client went away or the exchange is over, in a later turn if that has
   * happened already.
   */
  onClose(listener: () => void): void;
  /**
   * Counts the exchange from now on until its answer begins or the client has gone, but not while
   * it pauses; at most one count.
   */
  countIn(count: ExchangeCount): void;
  /**
   * Runs when the whole body has arrived; at most one listener. What it throws `readBody` rejects
   * with; where the body has been handed on already, it must not throw, and `refusable` is false.
   */
  onBody(listener: (refusable: boolean) => void): void;
  /**
   * The whole answer; sets content-length. Does nothing when the client is gone. Answering twice is
   * a programmer's error.
   */
  respond(status: number, headers: ResponseHeaders, body?: Uint8Array | string): void;
  /**
   * Begins an answer whose end is not known yet. `reservedBytes`: how much waits in other buffers,
   * and is counted, while the client is behind.
   */
  stream(status: number, headers: ResponseHeaders, reservedBytes?: number): BodyStream;
  /**
   * Where the client asks for a WebSocket: begins an answer whose lines leave as messages.
   * Undefined for others; a request that is answered in another way has asked in vain.
   */
  readonly webSocket?: (() => BodyStream) | undefined;
  /**
   * For work of a millisecond and more, before it begins: a promise for when others have had their
   * turn and the client is not behind, or nothing where it may begin.
   */
  pause(): Promise<void> | undefined;
  /**
   * Names the client that this is served in turn as: its connection, or where a service of ours
   * hands requests on, that service's client.
   */
  readonly client: string;
  readonly answered: boolean;
  /** Of the answer that has begun; 0 before. */
  readonly status: number;
  /** Whether the client sends a body, or may. */
  readonly hasBody: boolean;
  /** The client went away, or the answer is on its way completely. */
  readonly closed: boolean;
}

/** The body of a streamed answer. Chunks written in one turn of the event loop leave together. */
export interface BodyStream {
  /**
   * False when the client is behind: go on after `onDrain`, or give up when `bufferedBytes` is more
   * than you will hold for it.
   */
  write(chunk: Uint8Array): boolean;
  /** Bytes that wait for the client. */
  readonly bufferedBytes: number;
  onDrain(listener: () => void): void;
  end(): void;
  /** Cuts the answer off; what is buffered is lost and the client sees an error. */
  destroy(): void;
}

/**
 * Every exchange goes through one handler. What it throws, or rejects with, becomes a 500 and a
 * call of `onError`.
 */
export type ExchangeHandler = (exchange: Exchange) => void | Promise<void>;
