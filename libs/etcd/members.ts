/**
 * The members of an etcd, of which one is spoken to at a time. It is left for the next one when it
 * does not answer, or says that it has no leader: a member that is cut off from its majority
 * accepts connections and goes on answering what it can answer alone.
 */
import type { CallOptions, createRpcClient, Duplex, RpcCalls, RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';

type DescService = Parameters<typeof createRpcClient>[0];

export interface EtcdMembers<Clients> extends Disposable {
  /**
   * Stands for the member that is spoken to, and for how long already: another number after each
   * change.
   */
  current(): number;
  /** Goes to the next member, and gives up every call that is under way at this one. */
  leave(member: number): void;
  /** The calls of a service, each to the member that is spoken to when it is made. */
  callsOf<Service extends DescService>(
    service: Service,
    clientOf: (clients: Clients) => RpcClient<Service>,
  ): RpcCalls<Service>;
}

/** Called when a request begins; what it returns, when that has ended. */
export type ObserveRequest = (operation: string) => (succeeded: boolean) => void;

type Unary = (request: object, options: CallOptions) => Promise<unknown>;
type Bidirectional = (options: CallOptions) => Duplex<unknown, unknown>;

/** The member is not there, has no leader or does not answer: another one may be better off. */
function isOfMember({ code }: RpcError): boolean {
  return code === 'unavailable' || code === 'deadline-exceeded';
}

/** The call has not left this process, so it can be made again whatever it does. */
function isUnsent({ code, message }: RpcError): boolean {
  return code === 'unavailable' && message.startsWith('No connection established');
}

/** Calls that are under way at the member that is spoken to. */
function createCalls() {
  const calls = new Set<AbortController>();
  return {
    /** A call that ends with the caller's signal, and when the member is left. */
    begin(signal: AbortSignal | undefined): { readonly signal: AbortSignal; end(): void } {
      const call = new AbortController();
      const abort = () => call.abort();
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
      calls.add(call);
      return {
        signal: call.signal,
        end() {
          calls.delete(call);
          signal?.removeEventListener('abort', abort);
        },
      };
    },
    abortAll(): void {
      const left = [...calls];
      calls.clear();
      for (const call of left) call.abort();
    },
  };
}

export function createMembers<Clients extends Readonly<Record<string, Disposable>>>(
  addresses: readonly string[],
  connect: (address: string) => Clients,
  observe: ObserveRequest = () => () => undefined,
): EtcdMembers<Clients> {
  const connected = new Map<number, Clients>();
  const calls = createCalls();
  let current = 0;

  function clients(): Clients {
    const at = current % addresses.length;
    let found = connected.get(at);
    if (found === undefined) {
      found = connect(addresses[at] ?? '');
      connected.set(at, found);
    }
    return found;
  }

  function leave(member: number): void {
    if (member !== current || addresses.length < 2) return;
    current++;
    calls.abortAll();
  }

  async function ask(
    operation: string,
    of: (clients: Clients) => Unary,
    request: object,
    options: CallOptions,
  ): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const member = current;
      const call = calls.begin(options.signal);
      const observed = observe(operation);
      try {
        const answer = await of(clients())(request, { ...options, signal: call.signal });
        observed(true);
        return answer;
      } catch (thrown) {
        observed(false);
        if (thrown instanceof RpcError && isOfMember(thrown)) {
          leave(member);
          if (isUnsent(thrown) && attempt < addresses.length) continue;
        }
        throw thrown;
      } finally {
        call.end();
      }
    }
  }

  function open(of: (clients: Clients) => Bidirectional, options: CallOptions): Duplex<unknown, unknown> {
    const call = calls.begin(options.signal);
    const stream = of(clients())({ ...options, signal: call.signal });
    return {
      write: (message) => stream.write(message),
      end: () => stream.end(),
      cancel() {
        call.end();
        stream.cancel();
      },
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    };
  }

  return {
    current: () => current,
    leave,
    callsOf(service, clientOf) {
      const made: Record<string, unknown> = {};
      for (const { localName, methodKind } of service.methods) {
        const methods = (of: Clients) => clientOf(of).call as Readonly<Record<string, unknown>>;
        if (methodKind === 'unary')
          made[localName] = (request: object, options: CallOptions = {}) =>
            ask(localName, (of) => methods(of)[localName] as Unary, request, options);
        else if (methodKind === 'bidi_streaming')
          made[localName] = (options: CallOptions = {}) =>
            open((of) => methods(of)[localName] as Bidirectional, options);
      }
      return made as RpcCalls<typeof service>;
    },
    [Symbol.dispose]() {
      for (const each of connected.values()) for (const client of Object.values(each)) client[Symbol.dispose]();
    },
  };
}
