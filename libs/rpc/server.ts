/**
 * A gRPC server: handlers typed by the service's descriptor, the peer's certificate at hand, a stop
 * that waits for what is under way.
 */
import { X509Certificate } from 'node:crypto';
import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { experimental, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Clock, Live } from '@kcp-ts/base';
import { keepProcessAlive, liveOf, namesInCertificate } from '@kcp-ts/base';
import { certificateProviderOf } from './certificate-provider.ts';
import { decoderOf, encoderOf, methodPath } from './codec.ts';
import type { RpcTls } from './options.ts';
import { serverOptions } from './options.ts';
import { RpcError, serviceErrorOf } from './rpc-error.ts';

export type PeerNames = ReturnType<typeof namesInCertificate>;

export interface RpcCall {
  /** Aborted when the caller has gone, or does not want the answer any more. */
  readonly signal: AbortSignal;
  /**
   * Of the caller's certificate, which our authority has signed; empty where the connection has
   * none.
   */
  readonly peer: PeerNames;
}

type Handler<Method> = Method extends {
  readonly methodKind: infer Kind;
  readonly input: infer Input extends DescMethod['input'];
  readonly output: infer Output extends DescMethod['output'];
}
  ? Kind extends 'unary'
    ? (request: MessageShape<Input>, call: RpcCall) => MessageInitShape<Output> | Promise<MessageInitShape<Output>>
    : Kind extends 'server_streaming'
      ? (request: MessageShape<Input>, call: RpcCall) => AsyncIterable<MessageInitShape<Output>>
      : Kind extends 'bidi_streaming'
        ? (requests: AsyncIterable<MessageShape<Input>>, call: RpcCall) => AsyncIterable<MessageInitShape<Output>>
        : never
  : never;

/** A function for each method. They may throw RpcError; anything else is `internal`. */
export type RpcHandlers<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Handler<Service['method'][Name]>;
};

export interface RpcService {
  readonly definition: Parameters<Server['addService']>[0];
  readonly implementation: UntypedServiceImplementation;
  /**
   * Ends the calls that go both ways: they have no end of their own, and go on at another server.
   */
  endStreams(): void;
}

export interface RpcServer {
  readonly port: number;
  /**
   * Takes no new calls, ends those that go both ways, waits for the others that are under way, and
   * cuts off what is left after a while.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
}

export interface RpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /**
   * Callers must show a certificate of `ca`. Without it the connection is in the clear. What has
   * changed is taken for connections from then on.
   */
  readonly tls?: Required<RpcTls> | Live<Required<RpcTls>> | undefined;
  readonly services: readonly RpcService[];
  readonly clock: Pick<Clock, 'setTimer'>;
}

type AnyCall =
  | ServerUnaryCall<object, object>
  | ServerWritableStream<object, object>
  | ServerDuplexStream<object, object>;

function peerOf(call: AnyCall): RpcCall['peer'] {
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  return raw === undefined
    ? { commonName: '', organizations: [], uris: [] }
    : namesInCertificate(new X509Certificate(raw));
}

function contextOf(call: AnyCall, gone = new AbortController()): RpcCall {
  (call as NodeJS.EventEmitter).on('cancelled', () => gone.abort());
  let peer: RpcCall['peer'] | undefined;
  return {
    signal: gone.signal,
    get peer() {
      peer ??= peerOf(call);
      return peer;
    },
  };
}

const stopping = new RpcError('unavailable', 'the server is stopping');

/** Sends what a handler yields, no faster than the caller takes it. */
async function send(
  stream: ServerWritableStream<object, object> | ServerDuplexStream<object, object>,
  handle: () => AsyncIterable<object>,
  made: (reply: object) => object,
  { signal }: RpcCall,
): Promise<void> {
  try {
    for await (const reply of handle()) {
      if (signal.aborted) return;
      if (stream.write(made(reply))) continue;
      await new Promise<void>((resolve) => {
        stream.once('drain', resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    stream.end();
  } catch (thrown) {
    // Aborted, and not destroyed with it: a destroyed stream sends no status, and its caller would
    // wait for ever.
    if (!signal.aborted) stream.emit('error', Object.assign(new Error('the call failed'), serviceErrorOf(thrown)));
  }
}

/** Calls that go both ways and are under way, each with how it is ended. */
type OpenStreams = Set<() => void>;

function implementationOf(method: DescMethod, handler: (...args: never[]) => unknown, open: OpenStreams): unknown {
  const made = (reply: object) => create(method.output, reply as Record<string, unknown>);
  switch (method.methodKind) {
    case 'unary': {
      const run = handler as unknown as (request: object, call: RpcCall) => object | Promise<object>;
      const handle: handleUnaryCall<object, object> = (call, reply) => {
        Promise.resolve()
          .then(() => run(call.request, contextOf(call)))
          .then(
            (answer) => reply(null, made(answer)),
            (thrown: unknown) => reply(serviceErrorOf(thrown)),
          );
      };
      return handle;
    }
    case 'server_streaming': {
      const run = handler as unknown as (request: object, call: RpcCall) => AsyncIterable<object>;
      const handle: handleServerStreamingCall<object, object> = (stream) => {
        const call = contextOf(stream);
        void send(stream, () => run(stream.request, call), made, call);
      };
      return handle;
    }
    case 'bidi_streaming': {
      const run = handler as unknown as (requests: AsyncIterable<object>, call: RpcCall) => AsyncIterable<object>;
      const handle: handleBidiStreamingCall<object, object> = (stream) => {
        const gone = new AbortController();
        const call = contextOf(stream, gone);
        const end = () => {
          stream.emit('error', Object.assign(new Error('the call was ended'), serviceErrorOf(stopping)));
          gone.abort();
        };
        open.add(end);
        call.signal.addEventListener('abort', () => open.delete(end), { once: true });
        // The iterator must leave the stream open when the caller has said all: the answer goes on.
        void send(stream, () => run(stream.iterator({ destroyOnReturn: false }), call), made, call).finally(() =>
          open.delete(end),
        );
      };
      return handle;
    }
    default:
      throw new Error(`Cannot serve ${method.name}: streams from the caller alone are not supported`);
  }
}

/** A service with its handlers, for a server. */
export function serviceOf<Service extends DescService>(service: Service, handlers: RpcHandlers<Service>): RpcService {
  const definition: Record<string, object> = {};
  const implementation: Record<string, unknown> = {};
  const open: OpenStreams = new Set();
  for (const method of service.methods) {
    definition[method.localName] = {
      path: methodPath(service, method),
      requestStream: method.methodKind === 'bidi_streaming',
      responseStream: method.methodKind !== 'unary',
      requestSerialize: encoderOf(method.input),
      requestDeserialize: decoderOf(method.input),
      responseSerialize: encoderOf(method.output),
      responseDeserialize: decoderOf(method.output),
    };
    const handler = (handlers as Record<string, (...args: never[]) => unknown>)[method.localName];
    if (handler === undefined) throw new Error(`Cannot serve ${method.name}: it has no handler`);
    implementation[method.localName] = implementationOf(method, handler, open);
  }
  return {
    definition: definition as RpcService['definition'],
    implementation: implementation as UntypedServiceImplementation,
    endStreams() {
      for (const end of [...open]) end();
    },
  };
}

function credentialsOf(tls: RpcServerOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  // The same for both: the library takes the two in another order than it says.
  const provider = certificateProviderOf(liveOf(tls));
  return experimental.createCertificateProviderServerCredentials(provider, provider, true);
}

export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { host, tls } = options;
  const server = new Server(serverOptions);
  for (const { definition, implementation } of options.services) server.addService(definition, implementation);
  const credentials = credentialsOf(tls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${options.port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    close: ({ drainMs }) =>
      new Promise((resolve) => {
        const alive = keepProcessAlive();
        for (const service of options.services) service.endStreams();
        const cut = options.clock.setTimer(drainMs, () => {
          server.forceShutdown();
          alive[Symbol.dispose]();
          // Of a connection that its client broke off in the middle of many calls Node may never
          // say that it has closed, although its socket has.
          resolve();
        });
        server.tryShutdown(() => {
          cut[Symbol.dispose]();
          alive[Symbol.dispose]();
          resolve();
        });
      }),
  };
}
