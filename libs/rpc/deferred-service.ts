/**
 * Services of a server that listens before they are there: its port can be announced, and no caller
 * gets that there is no such service.
 */
import type { DescService } from '@bufbuild/protobuf';
import { RpcError } from './rpc-error.ts';
import type { RpcService } from './server.ts';
import { serviceOf } from './server.ts';

export interface DeferredService {
  readonly service: RpcService;
  /** From now on calls go to `service`, which serves the same methods. */
  serve(service: RpcService): void;
}

function unavailable(): RpcError {
  return new RpcError('unavailable', 'the service is starting');
}

/** Until it is served, callers get that it is unavailable. */
export function deferredService(descriptor: DescService): DeferredService {
  const refused = Object.fromEntries(
    descriptor.methods.map(({ localName, methodKind }) => [
      localName,
      methodKind === 'unary' ? () => Promise.reject(unavailable()) : refuseStream,
    ]),
  );
  // Typed by the descriptor that the caller has at run time only.
  const { definition, ...starting } = serviceOf(descriptor, refused as never);
  let current: Pick<RpcService, 'implementation' | 'endStreams'> = starting;
  const forwarded = Object.fromEntries(
    Object.keys(starting.implementation).map((name) => [
      name,
      (...args: readonly unknown[]) => (current.implementation[name] as (...args: readonly unknown[]) => void)(...args),
    ]),
  );
  return {
    service: {
      definition,
      implementation: forwarded as RpcService['implementation'],
      endStreams: () => current.endStreams(),
    },
    serve(service) {
      current = service;
    },
  };
}

// biome-ignore lint/correctness/useYield: it ends before its first answer
async function* refuseStream(): AsyncGenerator<never> {
  throw unavailable();
}
