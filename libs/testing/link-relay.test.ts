import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { LinkRelay } from './link-relay.ts';
import { startLinkRelay } from './link-relay.ts';
import { ownerOfConnection } from './socket-owner.ts';

interface Echo extends AsyncDisposable {
  readonly relay: LinkRelay;
  open(): Promise<Socket>;
}

/** A server that says everything back, behind a relay. */
async function startEcho(sourceOf?: (from: number, to: number) => Promise<string | undefined>): Promise<Echo> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: targetPort } = server.address() as { port: number };
  const relay = await startLinkRelay({ targetPort, ...(sourceOf === undefined ? {} : { sourceOf }) });
  return {
    relay,
    async open() {
      const socket = connect(relay.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      server.close();
    },
  };
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return String(chunk);
}

describe('a relay', () => {
  it('carries both ways', async () => {
    await using echo = await startEcho();
    expect(await echoed(await echo.open(), 'a')).toBe('a');
  });

  it('resets connections and refuses new ones while it is cut', async () => {
    await using echo = await startEcho();
    const socket = await echo.open();
    await echoed(socket, 'a');
    const broken = once(socket, 'error');
    await echo.relay.set({ kind: 'cut' });
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
    const [refusal] = (await once(connect(echo.relay.port, '127.0.0.1'), 'error')) as [Error];
    expect(refusal).toMatchObject({ code: 'ECONNRESET' });
    await echo.relay.set({ kind: 'open' });
    expect(await echoed(await echo.open(), 'b')).toBe('b');
  });

  it('holds what one end says, and counts what the server has said', async () => {
    await using echo = await startEcho();
    const socket = await echo.open();
    await echoed(socket, 'ab');
    await echo.relay.set({ kind: 'silent', from: 'server' });
    socket.write('cd');
    // The server has received it and answered.
    while (echo.relay.received() < 4) await new Promise((resolve) => setImmediate(resolve));
    await echo.relay.set({ kind: 'silent', from: 'client' });
    expect(String((await once(socket, 'data'))[0])).toBe('cd');
    socket.write('e');
    await echo.relay.set({ kind: 'open' });
    expect(String((await once(socket, 'data'))[0])).toBe('e');
    expect(echo.relay.received()).toBe(5);
  });

  it('holds everything while it is silent, and lets it through afterwards in order', async () => {
    await using echo = await startEcho();
    const socket = await echo.open();
    await echoed(socket, 'a');
    await echo.relay.set({ kind: 'silent' });
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.write('b');
    socket.write('c');
    const other = await echo.open();
    other.write('d');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(received).toBe('');
    await echo.relay.set({ kind: 'open' });
    expect(String((await once(other, 'data'))[0])).toBe('d');
    socket.write('e');
    while (received.length < 3) await once(socket, 'data');
    expect(received).toBe('bce');
  });

  it('takes its time each way while it is slow', async () => {
    await using echo = await startEcho();
    const socket = await echo.open();
    await echo.relay.set({ kind: 'slow', ms: 30 });
    const since = performance.now();
    expect(await echoed(socket, 'a')).toBe('a');
    expect(performance.now() - since).toBeGreaterThan(55);
  });

  it.runIf(process.platform === 'linux')(
    'tells who has opened a connection, and may be cut for one alone',
    async () => {
      await using echo = await startEcho(async (from, to) =>
        (await ownerOfConnection(from, to, [process.pid])) === process.pid ? 'us' : 'them',
      );
      const socket = await echo.open();
      await echoed(socket, 'a');
      await echo.relay.set({ kind: 'cut' }, 'them');
      expect(await echoed(socket, 'b')).toBe('b');
      expect(await echoed(await echo.open(), 'c')).toBe('c');
      const broken = once(socket, 'error');
      await echo.relay.set({ kind: 'cut' }, 'us');
      expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
    },
  );
});
