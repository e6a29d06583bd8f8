/**
 * A client of one service at one or more addresses, with calls typed by the service's descriptor.
 */
import { X509Certificate } from 'node:crypto';
import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js';
import { Client, credentials, experimental, Metadata } from '@grpc/grpc-js';
import type { CertificateNames, Live } from '@kcp-ts/base';
import { isIP, liveOf, namesInCertificate } from '@kcp-ts/base';
import { certificateProviderOf } from './certificate-provider.ts';
import { decoderOf, encoderOf, methodPath } from './codec.ts';
import type { RpcTls } from './options.ts';
import { channelOptions } from './options.ts';
import { RpcError, rpcErrorOf } from './rpc-error.ts';

export interface RpcClientOptions {
  /** `host:port`, tried in turn. */
  readonly addresses: readonly string[];
  /**
   * Without it the connection is in the clear. What has changed is taken for connections from then
   * on; whether there is a certificate to show does not change.
   */
  readonly tls?: RpcTls | Live<RpcTls> | undefined;
  /**
   * Whether the server is who it should be, by its certificate, which is signed and for the
   * address: says why not. Looked at once for each connection.
   */
  readonly checkServer?: ((names: CertificateNames) => string | undefined) | undefined;
  /** Sent with every call, asked for each time. */
  readonly metadata?: (() => Readonly<Record<string, string>>) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; a unary call has 10 s when absent, a stream has no end. */
  readonly timeoutMs?: number | undefined;
}

type Methods<Service extends DescService> = Service['method'];

/**
 * What a bidirectional call is used by. Reading asks for one message after the other; writing waits
 * while the peer is behind.
 */
export interface Duplex<In, Out> extends AsyncIterable<Out> {
  /** Resolves when more may be written; rejects when the call has ended. */
  write(message: In): Promise<void>;
  /** No more from this side. */
  end(): void;
  cancel(): void;
}

type Call<Method> = Method extends {
  readonly methodKind: infer Kind;
  readonly input: infer Input extends DescMethod['input'];
  readonly output: infer Output extends DescMethod['output'];
}
  ? Kind extends 'unary'
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : Kind extends 'server_streaming'
      ? (request: MessageInitShape<Input>, options?: CallOptions) => AsyncIterable<MessageShape<Output>>
      : Kind extends 'bidi_streaming'
        ? (options?: CallOptions) => Duplex<MessageInitShape<Input>, MessageShape<Output>>
        : never
  : never;

/**
 * A function for each method of the service. All reject, or throw while iterated, with RpcError.
 */
export type RpcCalls<Service extends DescService> = {
  readonly [Name in keyof Methods<Service>]: Call<Methods<Service>[Name]>;
};

export interface RpcClient<Service extends DescService> extends Disposable {
  readonly call: RpcCalls<Service>;
}

type Init = Record<string, unknown>;

const unaryTimeoutMs = 10_000;

function targetOf(addresses: readonly string[]): string {
  const [first = ''] = addresses;
  return addresses.length <= 1 ? first : `ipv4:${addresses.join(',')}`;
}

/**
 * TLS does not let a client ask for an address by name: it asks for this one, and the certificate
 * is held against the address all the same.
 */
const nameOfAddresses = 'address.invalid';

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function credentialsOf({ tls, addresses, checkServer }: RpcClientOptions) {
  if (tls === undefined) return credentials.createInsecure();
  const live = liveOf(tls);
  const provider = certificateProviderOf(live);
  const identity = live.current().cert === undefined ? null : provider;
  const hosts = addresses.map(hostOf);
  return experimental.createCertificateProviderChannelCredentials(provider, identity, {
    checkServerIdentity(_name, { raw }) {
      const certificate = new X509Certificate(raw);
      const covers = (host: string) =>
        (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
      if (!hosts.some(covers)) return new Error(`the server's certificate is not for ${hosts.join(' or ')}`);
      const why = checkServer?.(namesInCertificate(certificate));
      return why === undefined ? undefined : new Error(why);
    },
  });
}

/** Messages of a stream, one after the other; leaving the loop ends the call. */
async function* received<Out>(stream: ClientReadableStream<Out> | ClientDuplexStream<never, Out>): AsyncGenerator<Out> {
  try {
    for await (const message of stream.iterator({ destroyOnReturn: false })) yield message as Out;
  } catch (thrown) {
    throw rpcErrorOf(thrown);
  } finally {
    stream.cancel();
  }
}

export function createRpcClient<Service extends DescService>(
  service: Service,
  options: RpcClientOptions,
): RpcClient<Service> {
  const client = new Client(targetOf(options.addresses), credentialsOf(options), {
    ...channelOptions,
    ...(options.addresses.length > 1 ? { 'grpc.service_config': '{"loadBalancingConfig":[{"pick_first":{}}]}' } : {}),
    ...(options.tls === undefined ? {} : { 'grpc.ssl_target_name_override': nameOfAddresses }),
  });
  const metadata = () => {
    const sent = new Metadata();
    for (const [name, value] of Object.entries(options.metadata?.() ?? {})) sent.set(name, value);
    return sent;
  };
  const calls: Record<string, unknown> = {};
  for (const method of service.methods) {
    const path = methodPath(service, method);
    const encode = encoderOf(method.input);
    const decode = decoderOf(method.output);
    if (method.methodKind === 'unary') calls[method.localName] = unary(client, path, method, encode, decode, metadata);
    else if (method.methodKind === 'server_streaming')
      calls[method.localName] = (request: Init, { signal, timeoutMs }: CallOptions = {}) => {
        const deadline =
          timeoutMs === undefined ? {} : { deadline: performance.timeOrigin + performance.now() + timeoutMs };
        const stream = client.makeServerStreamRequest(
          path,
          encode,
          decode,
          create(method.input, request),
          metadata(),
          deadline,
        );
        // The reader gets the error; when nobody reads any more, the end of a stream that was
        // given up is not an error.
        stream.on('error', () => undefined);
        cancelOn(signal, stream);
        return received(stream);
      };
    else if (method.methodKind === 'bidi_streaming')
      calls[method.localName] = ({ signal }: CallOptions = {}) => {
        const stream = client.makeBidiStreamRequest(path, encode, decode, metadata());
        cancelOn(signal, stream);
        return duplexOf(stream, (message) => create(method.input, message));
      };
  }
  return { call: calls as RpcCalls<Service>, [Symbol.dispose]: () => client.close() };
}

function cancelOn(
  signal: AbortSignal | undefined,
  stream: { cancel(): void; once(event: 'close', run: () => void): unknown },
): void {
  if (signal === undefined) return;
  const cancel = () => stream.cancel();
  if (signal.aborted) {
    cancel();
    return;
  }
  signal.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', cancel));
}

function unary(
  client: Client,
  path: string,
  method: DescMethod,
  encode: (message: never) => Buffer,
  decode: (bytes: Buffer) => unknown,
  metadata: () => Metadata,
) {
  return (request: Init, { signal, timeoutMs = unaryTimeoutMs }: CallOptions = {}) =>
    new Promise((resolve, reject) => {
      const deadline = performance.timeOrigin + performance.now() + timeoutMs;
      const call = client.makeUnaryRequest(
        path,
        encode,
        decode,
        create(method.input, request) as never,
        metadata(),
        { deadline },
        (error, reply) => {
          signal?.removeEventListener('abort', cancel);
          if (error !== null) reject(rpcErrorOf(error));
          else resolve(reply);
        },
      );
      const cancel = () => call.cancel();
      if (signal?.aborted === true) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
}

function duplexOf<In, Out>(stream: ClientDuplexStream<In, Out>, made: (message: Init) => In): Duplex<Init, Out> {
  let ended: RpcError | undefined;
  const waiting = new Set<(error: RpcError) => void>();
  const over = (error: RpcError) => {
    ended ??= error;
    for (const reject of waiting) reject(ended);
    waiting.clear();
  };
  stream.on('error', (error) => over(rpcErrorOf(error)));
  stream.on('close', () => over(new RpcError('cancelled', 'the call has ended')));
  return {
    async write(message) {
      if (ended !== undefined) throw ended;
      if (stream.write(made(message))) return;
      await new Promise<void>((resolve, reject) => {
        waiting.add(reject);
        stream.once('drain', () => {
          waiting.delete(reject);
          resolve();
        });
      });
    },
    end: () => stream.end(),
    cancel: () => stream.cancel(),
    [Symbol.asyncIterator]: () => received(stream as ClientDuplexStream<never, Out>),
  };
}
