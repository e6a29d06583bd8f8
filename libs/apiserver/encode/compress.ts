/**
 * Large answers compressed, for clients that take gzip; in zlib's threads. The bound and the level
 * are kube-apiserver's (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go): less
 * is not worth its time.
 */
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { BodyStream, Exchange } from '@kcp-ts/http';

const bytesMin = 128 * 1024;
const options = { level: constants.Z_BEST_SPEED };
const compress = promisify<Uint8Array, typeof options, Buffer>(gzip);

export const gzipHeaders = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' };

/** Whether a client names gzip among the encodings that it takes. */
export function acceptsGzip({ method, headers }: Pick<Exchange, 'method' | 'headers'>): boolean {
  const accepted = headers['accept-encoding'];
  if (method !== 'GET' || typeof accepted !== 'string') return false;
  return accepted.split(',').some((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** Whether an answer with so many bytes is compressed for this client. */
export function isCompressed(exchange: Pick<Exchange, 'method' | 'headers'>, bytes: number): boolean {
  return bytes >= bytesMin && acceptsGzip(exchange);
}

/** Answers with a body of some size, compressed where the client takes that. */
export function respondLarge(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string | string[]>>,
  body: Uint8Array | string,
): void | Promise<void> {
  if (!isCompressed(exchange, body.length)) {
    exchange.respond(status, headers, body);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return compress(bytes, options).then((small) => exchange.respond(status, { ...headers, ...gzipHeaders }, small));
}

const packed = new WeakMap<object, Promise<Uint8Array>>();

/** The bytes of a document that many ask for, compressed once. */
export function compressedOf(document: { readonly bytes: Uint8Array }): Promise<Uint8Array> {
  let small = packed.get(document);
  if (small === undefined) {
    small = compress(document.bytes, options);
    packed.set(document, small);
  }
  return small;
}

/** A body that is compressed on its way to another, no faster than that one's client takes it. */
export function compressedBody(exchange: Exchange, target: BodyStream): BodyStream {
  const packer = createGzip(options);
  // Each piece of a list waits for the next one to drain.
  packer.setMaxListeners(0);
  packer.on('error', () => target.destroy());
  exchange.onClose(() => packer.destroy());
  packer.on('data', (chunk: Buffer) => {
    if (!target.write(chunk)) packer.pause();
  });
  target.onDrain(() => packer.resume());
  packer.once('end', () => target.end());
  return {
    write: (chunk) => packer.write(chunk),
    get bufferedBytes() {
      return packer.writableLength + packer.readableLength + target.bufferedBytes;
    },
    onDrain: (listener) => void packer.on('drain', listener),
    end: () => void packer.end(),
    destroy() {
      packer.destroy();
      target.destroy();
    },
  };
}
