/**
 * etcd's API v3 as we use it, on stubs of its own definitions. No library between: what a lease needs to know is when its keepalive was sent, and what a
 * watch needs is to go on behind the last revision that came completely.
 */

import { Auth, KV, Lease, Maintenance, Watch } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { createRpcClient, RpcError } from '@kcp-ts/rpc';

export interface EtcdOptions {
  /** URLs, `http://` or `https://`. */
  readonly endpoints: readonly string[];
  /** PEM texts. */
  readonly tls?:
    | { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface EtcdClient extends Disposable {
  readonly kv: RpcClient<typeof KV>['call'];
  readonly watch: RpcClient<typeof Watch>['call'];
  readonly lease: RpcClient<typeof Lease>['call'];
  readonly maintenance: RpcClient<typeof Maintenance>['call'];
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

export function createEtcdClient(options: EtcdOptions): EtcdClient {
  const addresses = options.endpoints.map(addressOf);
  const secure = options.endpoints.some((endpoint) => endpoint.startsWith('https:'));
  if (secure && options.tls === undefined) throw new RangeError('Cannot speak TLS to etcd without its authorities');
  let token: string | undefined;
  const metadata = () => (token === undefined ? {} : { token });
  const shared = { addresses, tls: secure ? options.tls : undefined, metadata };
  const clients = {
    kv: createRpcClient(KV, shared),
    watch: createRpcClient(Watch, shared),
    lease: createRpcClient(Lease, shared),
    maintenance: createRpcClient(Maintenance, shared),
    auth: createRpcClient(Auth, { addresses, tls: shared.tls }),
  };

  async function login(): Promise<void> {
    const reply = await clients.auth.call.authenticate({
      name: options.username ?? '',
      password: options.password ?? '',
    });
    token = reply.token;
  }

  return {
    kv: clients.kv.call,
    watch: clients.watch.call,
    lease: clients.lease.call,
    maintenance: clients.maintenance.call,
    async authenticated(call) {
      if (options.username === undefined || options.username === '') return call();
      if (token === undefined) await login();
      try {
        return await call();
      } catch (thrown) {
        if (!(thrown instanceof RpcError) || thrown.code !== 'unauthenticated') throw thrown;
        await login();
        return call();
      }
    },
    [Symbol.dispose]() {
      for (const client of Object.values(clients)) client[Symbol.dispose]();
    },
  };
}
