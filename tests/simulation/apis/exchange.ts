/**
 * Requests over the simulated network: what a handler of the real thing is handed, and what a
 * client gets of its answer.
 */
import type { BodyStream, Exchange, Peer, RequestHeaders, ResponseHeaders } from '@kcp-ts/http';
import { RpcError } from '@kcp-ts/rpc';
import type { Network } from '../network.ts';
import type { SimProcess } from '../process.ts';

export type Handler = (exchange: Exchange) => void | Promise<void>;

/** What is reached at an address. */
export interface SimServer {
  readonly process: SimProcess;
  /** Undefined while it does not serve. */
  handler(): Handler | undefined;
  /** Whether an answer may leave. */
  mayAnswer(): boolean;
}

export interface SimRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly body?: object | undefined;
  readonly peer: Peer;
}

export interface AnswerHandlers {
  head(status: number, headers: ResponseHeaders): void;
  chunk(bytes: Uint8Array): void;
  /** Undefined where the answer is complete. */
  end(error: Error | undefined): void;
}

function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/**
 * Sends a request and hands its answer on as it comes; disposed of, nobody waits for it any more.
 */
export function sendRequest(
  network: Network,
  { from, to }: { readonly from: SimProcess; readonly to: SimServer },
  request: SimRequest,
  answer: AnswerHandlers,
): Disposable {
  const closeListeners: (() => void)[] = [];
  let isOver = false;
  let isClosed = false;
  const serverCloses = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of closeListeners.splice(0)) listener();
  };
  const end = (error: Error | undefined) => {
    if (isOver) return;
    isOver = true;
    connection.close();
    answer.end(error);
  };
  const connection = network.connect(from, to.process, () => {
    to.process.deliver(serverCloses);
    end(new RpcError('unavailable', `${to.process.address} cannot be reached`));
  });

  function toClient(run: () => void): void {
    // As a server that is no longer sure of its shard: the client is left without an answer.
    if (to.mayAnswer()) connection.send(from, () => !isOver && run());
    else end(new RpcError('unavailable', `${to.process.address} may not answer`));
  }

  function stream(status: number, headers: ResponseHeaders): BodyStream {
    exchange.answered = true;
    toClient(() => answer.head(status, headers));
    return {
      bufferedBytes: 0,
      write(chunk) {
        toClient(() => answer.chunk(chunk));
        return true;
      },
      onDrain: () => undefined,
      end() {
        toClient(() => end(undefined));
        serverCloses();
      },
      destroy() {
        toClient(() => end(new Error('the answer was cut off')));
        serverCloses();
      },
    };
  }

  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const exchange = {
    method: request.method,
    url: request.url,
    headers: request.headers,
    rawHeaders: Object.entries(request.headers).flatMap(([name, value]) => [name, String(value)]),
    peer: request.peer,
    protocol: 'h2' as const,
    answerWhile: () => undefined,
    readBody: () => Promise.resolve(body ?? new Uint8Array()),
    onClose(listener: () => void) {
      if (isClosed) queueMicrotask(listener);
      else closeListeners.push(listener);
    },
    countIn: () => undefined,
    onBody: (listener: (refusable: boolean) => void) => queueMicrotask(() => listener(false)),
    respond(status: number, headers: ResponseHeaders, whole?: Uint8Array | string) {
      const out = stream(status, headers);
      if (whole !== undefined) out.write(bytesOf(whole));
      out.end();
    },
    stream,
    pause: () => undefined,
    client: from.address,
    answered: false,
    status: 0,
    hasBody: body !== undefined,
    get closed() {
      return isClosed;
    },
  };

  connection.send(to.process, () => {
    const handler = to.handler();
    if (handler === undefined) {
      connection.send(from, () => end(new RpcError('unavailable', `${to.process.address} does not serve yet`)));
      return;
    }
    Promise.resolve(handler(exchange)).catch((error: unknown) => {
      connection.send(from, () => end(error instanceof Error ? error : new Error(String(error))));
    });
  });
  return {
    [Symbol.dispose]() {
      if (isOver) return;
      isOver = true;
      // The other end gets it, where it can be reached.
      connection.send(to.process, () => {
        serverCloses();
        connection.close();
      });
    },
  };
}

export interface SimAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly text: string;
}

/** The whole answer. Rejects where it does not come, or not in time. */
export function askFor(
  network: Network,
  ends: { readonly from: SimProcess; readonly to: SimServer },
  request: SimRequest,
  timeoutMs: number,
): Promise<SimAnswer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: ResponseHeaders = {};
    const chunks: Uint8Array[] = [];
    const sent = sendRequest(network, ends, request, {
      head(said, saidHeaders) {
        status = said;
        headers = saidHeaders;
      },
      chunk: (bytes) => void chunks.push(bytes),
      end(error) {
        timer[Symbol.dispose]();
        if (error === undefined) resolve({ status, headers, text: Buffer.concat(chunks).toString() });
        else reject(error);
      },
    });
    const timer = ends.from.clock.setTimer(timeoutMs, () => {
      sent[Symbol.dispose]();
      reject(new RpcError('deadline-exceeded', `${ends.to.process.address} does not answer`));
    });
  });
}
