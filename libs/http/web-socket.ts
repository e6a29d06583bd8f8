/**
 * The server's side of WebSockets (RFC 6455), for answers that go on: each line of the answer is a
 * text message, and nothing is expected of the client. As Kubernetes serves watches to clients that
 * ask for an upgrade (k8s.io/apiserver/pkg/endpoints/handlers/watch.go).
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BodyStream } from './exchange.ts';

const keyPattern = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 6455, 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const closeOpcode = 0x8;
const pingOpcode = 0x9;
/** Bit of the last frame of a message, and the opcodes that we send. */
const textFrame = 0x81;
const closeFrame = 0x88;
const pongFrame = 0x8a;
const newline = 0x0a;
/** Codes of a close frame: nothing more to say; against the protocol. (RFC 6455, 7.4.1) */
const normalClosure = 1000;
const protocolError = 1002;

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).hostname : undefined;
}

/** A page of another site must not read with a browser's certificate what it is not shown. */
function isForeign({ origin, host }: IncomingMessage['headers']): boolean {
  return origin !== undefined && hostOf(origin) !== hostOf(`https://${host ?? ''}`);
}

const watchPattern = /[?&]watch=(?!(?:0|false)(?:&|$))|\/watch\//i;

/**
 * Whether a request asks for a watch as a WebSocket. One that asks wrongly, or from a page of
 * another site, is a request like any other.
 */
export function isWebSocketUpgrade({
  method,
  url = '',
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): boolean {
  return (
    method === 'GET' &&
    watchPattern.test(url) &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    keyPattern.test(headers['sec-websocket-key'] ?? '') &&
    !isForeign(headers)
  );
}

/**
 * The head that accepts an upgrade. A client that offers one protocol gets it, as Go's server does
 * it.
 */
export function webSocketHead({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${acceptSuffix}`).digest('base64');
  const offered = headers['sec-websocket-protocol'];
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...(offered === undefined || offered.includes(',') ? [] : [`Sec-WebSocket-Protocol: ${offered}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function frameHead(first: number, length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(first, length);
  if (length < 65_536) return Uint8Array.of(first, 126, length >>> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeUIntBE(length, 4, 6);
  return head;
}

function closing(code: number): Uint8Array {
  return Uint8Array.of(closeFrame, 2, code >>> 8, code & 0xff);
}

/** What a client may send before it has a frame's head. */
const headBytesMax = 14;
const controlBytesMax = 125;

interface FrameHead {
  readonly opcode: number;
  readonly headBytes: number;
  readonly payloadBytes: number;
  /** Of a client's frame, which has to be masked. */
  readonly mask: Uint8Array;
}

/** Undefined where bytes are missing; throws RangeError for what no client may send. */
function parseHead(bytes: Buffer): FrameHead | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const opcode = first & 0x0f;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if ((second & 0x80) === 0) throw new RangeError('a frame of a client is not masked');
  if ((first & 0x70) !== 0 || (opcode >= closeOpcode && short > controlBytesMax))
    throw new RangeError('a frame of a client is not as it must be');
  const headBytes = 2 + lengthBytes + 4;
  if (bytes.byteLength < headBytes) return undefined;
  const payloadBytes =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { opcode, headBytes, payloadBytes, mask: bytes.subarray(headBytes - 4, headBytes) };
}

export interface ClientFrames {
  ping(payload: Uint8Array): void;
  /** The client closes, or does what no client may; then nothing more is called. */
  close(code: number): void;
}

/**
 * Reads a client's frames from whatever pieces they come in. Messages are dropped unread; only
 * heads and control frames are kept, 139 bytes at most.
 */
export function createFrameReader(frames: ClientFrames): (bytes: Uint8Array) => void {
  let kept: Buffer = Buffer.alloc(0);
  let dropBytes = 0;
  let closed = false;

  function close(code: number): void {
    closed = true;
    frames.close(code);
  }

  /** How many bytes were read; 0 where more are needed. */
  function readFrame(bytes: Buffer): number {
    const head = parseHead(bytes);
    if (head === undefined) return 0;
    const { opcode, headBytes, payloadBytes, mask } = head;
    if (opcode < closeOpcode) {
      dropBytes = payloadBytes;
      return headBytes;
    }
    if (bytes.byteLength < headBytes + payloadBytes) return 0;
    const payload = bytes.subarray(headBytes, headBytes + payloadBytes).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
    if (opcode === closeOpcode) close(normalClosure);
    else if (opcode === pingOpcode) frames.ping(payload);
    return headBytes + payloadBytes;
  }

  return (bytes) => {
    let rest =
      kept.byteLength === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : Buffer.concat([kept, bytes]);
    try {
      while (!closed && rest.byteLength > 0) {
        const dropped = Math.min(dropBytes, rest.byteLength);
        dropBytes -= dropped;
        rest = rest.subarray(dropped);
        const read = dropBytes > 0 ? 0 : readFrame(rest);
        if (read === 0) break;
        rest = rest.subarray(read);
      }
    } catch {
      close(protocolError);
    }
    kept = closed ? Buffer.alloc(0) : Buffer.from(rest.subarray(0, headBytesMax + controlBytesMax));
  };
}

/**
 * A body whose lines leave as messages, on a socket that has been upgraded. `head`: what the client
 * has sent already.
 */
export function createWebSocketBody(target: BodyStream, socket: Duplex, head: Uint8Array): BodyStream {
  /** Of a line whose end has not come. */
  let begun: Uint8Array[] = [];

  function writeLine(last: Uint8Array): boolean {
    const pieces = begun.length === 0 ? [last] : [...begun, last];
    begun = [];
    const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (length === 0) return true;
    let flowing = target.write(frameHead(textFrame, length));
    for (const piece of pieces) flowing = target.write(piece);
    return flowing;
  }

  function end(code: number): void {
    target.write(closing(code));
    target.end();
  }

  const read = createFrameReader({
    ping(payload) {
      // Who reads nothing is not answered either.
      if (socket.writableNeedDrain) return;
      target.write(frameHead(pongFrame, payload.byteLength));
      target.write(payload);
    },
    close: end,
  });
  read(head);
  socket.on('data', read);
  socket.once('end', () => socket.destroy());
  return {
    write(chunk) {
      let from = 0;
      let flowing = true;
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        flowing = writeLine(chunk.subarray(from, at));
        from = at + 1;
      }
      if (from < chunk.byteLength) begun.push(chunk.subarray(from));
      return flowing;
    },
    get bufferedBytes() {
      return target.bufferedBytes;
    },
    onDrain: (listener) => target.onDrain(listener),
    end: () => end(normalClosure),
    destroy: () => target.destroy(),
  };
}
