/**
 * etcd's API v3 as we use it, on stubs of its own definitions. No library between: what a lease
 * needs to know is when its keepalive was sent, and what a watch needs is to go on behind the last
 * revision that came completely.
 */

import type { Live } from '@kcp-ts/base';
import { Auth, KV, Lease, Maintenance, Watch } from '@kcp-ts/proto';
import type { RpcClient, RpcTls } from '@kcp-ts/rpc';
import { createRpcClient, RpcError } from '@kcp-ts/rpc';
import type { EtcdMembers, ObserveRequest } from './members.ts';
import { createMembers } from './members.ts';

export interface EtcdOptions {
  /** URLs, `http://` or `https://`. */
  readonly endpoints: readonly string[];
  /** PEM texts. What has changed is taken for connections from then on. */
  readonly tls?: RpcTls | Live<RpcTls> | undefined;
  readonly username?: string | undefined;
  /** A function is asked at each login. */
  readonly password?: string | (() => string) | undefined;
  readonly observe?: ObserveRequest | undefined;
}

export interface EtcdClient extends Disposable {
  readonly kv: RpcClient<typeof KV>['call'];
  readonly watch: RpcClient<typeof Watch>['call'];
  readonly lease: RpcClient<typeof Lease>['call'];
  readonly maintenance: RpcClient<typeof Maintenance>['call'];
  /** Stands for the member that calls go to now. */
  member(): number;
  /**
   * Goes to the next member, and gives up what is under way at this one; for who was not answered
   * there, or has reason not to believe it. Does nothing where there is but one, or where it has
   * been left already.
   */
  leave(member: number): void;
  /** Runs a call, and once more with a new token where the one we had was not good any more. */
  authenticated<T>(call: () => Promise<T>): Promise<T>;
}

const utf8 = new TextEncoder();

/** A key, or the end of a range, as bytes. */
export function keyBytes(text: string): Uint8Array {
  return utf8.encode(text);
}

/** The end of the range of all keys that begin with a text. */
export function prefixEnd(prefix: string): Uint8Array {
  const end = keyBytes(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0xff;
    if (byte < 0xff) {
      end[i] = byte + 1;
      return end.subarray(0, i + 1);
    }
  }
  return Uint8Array.of(0);
}

function addressOf(endpoint: string): string {
  const url = new URL(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  return `${url.hostname}:${url.port === '' ? 2379 : url.port}`;
}

/** A connection to one member. */
export interface EtcdConnection {
  readonly [service: string]: Disposable;
  readonly kv: RpcClient<typeof KV>;
  readonly watch: RpcClient<typeof Watch>;
  readonly lease: RpcClient<typeof Lease>;
  readonly maintenance: RpcClient<typeof Maintenance>;
}

/** The calls of a client, each to the member that is spoken to. */
export function clientOfMembers(
  members: EtcdMembers<EtcdConnection>,
  authenticated: EtcdClient['authenticated'],
): EtcdClient {
  return {
    kv: members.callsOf(KV, ({ kv }) => kv),
    watch: members.callsOf(Watch, ({ watch }) => watch),
    lease: members.callsOf(Lease, ({ lease }) => lease),
    maintenance: members.callsOf(Maintenance, ({ maintenance }) => maintenance),
    member: members.current,
    leave: members.leave,
    authenticated,
    [Symbol.dispose]: () => members[Symbol.dispose](),
  };
}

export function createEtcdClient(options: EtcdOptions): EtcdClient {
  const secure = options.endpoints.some((endpoint) => endpoint.startsWith('https:'));
  if (secure && options.tls === undefined) throw new RangeError('Cannot speak TLS to etcd without its authorities');
  const tls = secure ? options.tls : undefined;
  let token: string | undefined;
  // A member that has lost its leader says so, and ends its streams, instead of answering from what
  // it knew (etcd's `WithRequireLeader`).
  const metadata = () => ({ hasleader: 'true', ...(token === undefined ? {} : { token }) });
  const members = createMembers(
    options.endpoints.map(addressOf),
    (address) => {
      const shared = { addresses: [address], tls, metadata };
      return {
        kv: createRpcClient(KV, shared),
        watch: createRpcClient(Watch, shared),
        lease: createRpcClient(Lease, shared),
        maintenance: createRpcClient(Maintenance, shared),
        auth: createRpcClient(Auth, { addresses: [address], tls }),
      };
    },
    options.observe,
  );
  const auth = members.callsOf(Auth, ({ auth }) => auth);

  async function login(): Promise<void> {
    const { username: name = '', password = '' } = options;
    const reply = await auth.authenticate({ name, password: typeof password === 'string' ? password : password() });
    token = reply.token;
  }

  return clientOfMembers(members, async (call) => {
    if (options.username === undefined || options.username === '') return call();
    if (token === undefined) await login();
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof RpcError) || thrown.code !== 'unauthenticated') throw thrown;
      await login();
      return call();
    }
  });
}
