/**
 * An HTTP/2 client that a test writes frame by frame (RFC 9113): what Node's own client would never
 * send, or never leave unread.
 */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { connect } from 'node:tls';

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const initialWindowSize = 4;

/** `length` is what the frame says it has, where that is not what it has. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array, length?: number): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  // RFC 7541, 5.1: an integer with a prefix of seven bits.
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A header block of literals that are not indexed (RFC 7541, 6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export function headersFrame(stream: number, headers: Readonly<Record<string, string>>, endStream = true): Buffer {
  const flags = frameFlags.endHeaders | (endStream ? frameFlags.endStream : 0);
  return frame(frameTypes.headers, flags, stream, headerBlock(headers));
}

export function rstFrame(stream: number): Buffer {
  return frame(frameTypes.rstStream, 0, stream, Buffer.from([0, 0, 0, 8]));
}

export function windowFrame(bytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(initialWindowSize, 0);
  payload.writeUInt32BE(bytes, 2);
  return frame(frameTypes.settings, 0, 0, payload);
}

export function goawayFrame(): Buffer {
  return frame(frameTypes.goaway, 0, 0, Buffer.alloc(8));
}

export interface RawHttp2 extends AsyncDisposable {
  readonly socket: TLSSocket;
  /** Resolves when the socket has taken it, or is closed. */
  send(...frames: readonly Uint8Array[]): Promise<void>;
  /** Resolves when the other side, or this one, has closed the connection. */
  readonly closed: Promise<void>;
}

/**
 * Sends the preface and SETTINGS with this window for each stream. It reads and ignores what comes,
 * or, where `reads` is false, leaves it unread.
 */
export async function connectRawHttp2(options: {
  readonly port: number;
  readonly ca: string;
  readonly windowBytes?: number;
  readonly reads?: boolean;
  readonly tls?: { readonly cert: string; readonly key: string };
}): Promise<RawHttp2> {
  const { port, ca, windowBytes = 65_535, reads = true } = options;
  const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'], ...options.tls });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const refused = closed.then(() => Promise.reject(new Error('the connection was closed')));
  refused.catch(() => undefined);
  await Promise.race([once(socket, 'secureConnect'), refused]);
  socket.on('error', () => undefined);
  // Where a server refuses the client's certificate, Node's client ends and never says that it is
  // closed.
  socket.once('end', () => socket.destroy());
  if (reads) socket.resume();
  socket.write(Buffer.concat([preface, windowFrame(windowBytes)]));
  return {
    socket,
    closed,
    send: (...frames) =>
      Promise.race([
        closed,
        new Promise<void>((resolve) => {
          if (socket.destroyed) resolve();
          else socket.write(Buffer.concat(frames), () => resolve());
        }),
      ]),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await closed;
    },
  };
}
