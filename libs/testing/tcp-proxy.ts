/** A stretch of wire between two programs, on loopback, that a test can cut, hold up and mend. */
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection, and refuses new ones until it is mended. */
  cut(): void;
  /** Nothing goes either way any more, and nobody is told, until it is mended. Some bytes still go through first, where asked for. */
  hold(from: 'client' | 'server', afterBytes?: number): void;
  /** Everything goes through again, what was held up included. */
  mend(): void;
  /** Bytes that the server has sent. */
  received(): number;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  const left: Record<'client' | 'server', number> = { client: Infinity, server: Infinity };
  let isCut = false;
  let received = 0;

  function relay(from: Socket, to: Socket, side: 'client' | 'server'): void {
    sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      held.delete(from);
      to.destroy();
    });
    from.on('data', (chunk) => {
      if (side === 'server') received += chunk.length;
      to.write(chunk);
      left[side] -= chunk.length;
      if (left[side] > 0) return;
      from.pause();
      held.add(from);
    });
    if (left[side] > 0) return;
    from.pause();
    held.add(from);
  }

  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    relay(client, target, 'client');
    relay(target, client, 'server');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      isCut = true;
      end();
    },
    hold(from, afterBytes = 1) {
      left[from] = afterBytes;
    },
    mend() {
      isCut = false;
      left.client = Infinity;
      left.server = Infinity;
      for (const socket of held) socket.resume();
      held.clear();
    },
    received: () => received,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      end();
      await closed;
    },
  };
}
