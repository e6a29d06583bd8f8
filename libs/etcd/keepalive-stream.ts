/** The stream of keepalives to the member in use. */
import type { LeaseKeepAliveResponse } from '@kcp-ts/proto';
import type { EtcdClient } from './client.ts';

interface OpenStream {
  readonly member: number;
  readonly call: AbortController;
  readonly stream: ReturnType<EtcdClient['lease']['leaseKeepAlive']>;
  readonly replies: AsyncIterator<LeaseKeepAliveResponse>;
}

/**
 * Opened with the first keepalive and kept for the next ones, until the client uses another member
 * or {@link KeepaliveStream.end} is called: a stream costs several times what a message on it does.
 */
export class KeepaliveStream {
  readonly #client: EtcdClient;
  #open: OpenStream | undefined;

  constructor(client: EtcdClient) {
    this.#client = client;
  }

  /** Opens it to the member in use, if it is not open. The signal aborts when this stream ends. */
  open(): { readonly member: number; readonly signal: AbortSignal } {
    const member = this.#client.member();
    if (this.#open?.member !== member) this.end();
    if (this.#open === undefined) {
      const call = new AbortController();
      const stream = this.#client.lease.leaseKeepAlive({ signal: call.signal });
      this.#open = { member, call, stream, replies: stream[Symbol.asyncIterator]() };
    }
    return { member, signal: this.#open.call.signal };
  }

  /**
   * Sends one keepalive on the open stream and waits for its answer.
   * @returns Undefined when the stream has ended instead.
   * @throws What the call failed with, an abort included.
   */
  async keepAlive(id: bigint): Promise<LeaseKeepAliveResponse | undefined> {
    if (this.#open === undefined) return undefined;
    const { stream, replies } = this.#open;
    await stream.write({ ID: id });
    const { value } = await replies.next();
    return value;
  }

  end(): void {
    this.#open?.call.abort();
    this.#open = undefined;
  }
}
