/**
 * Watches over WebSocket, as fabric8's clients and browsers open them. The client is Node's own.
 */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import {
  accepted,
  base,
  bind,
  configMap,
  configMapsOf,
  done,
  makeWorkspace,
  provide,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;
const before = getCACertificates('default');

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  setDefaultCACertificates([...before, server.ca]);
});

afterAll(async () => {
  setDefaultCACertificates(before);
  await server[Symbol.asyncDispose]();
});

interface Socket extends Disposable {
  /** The next message, parsed. Rejects when the connection ends before it. */
  next(): Promise<WatchEvent>;
  /** How the connection ended. */
  readonly closed: Promise<{ readonly code: number; readonly wasClean: boolean }>;
}

/** Resolves when the server has accepted; rejects where it does not. */
function openSocket(path: string, token = server.adminToken): Promise<Socket> {
  // Node's client takes headers, which its types do not say.
  const options = { headers: { authorization: `Bearer ${token}` } } as unknown as string[];
  const socket = new WebSocket(`${server.url.replace('https', 'wss')}${path}`, options);
  const messages: WatchEvent[] = [];
  let notify: (() => void) | undefined;
  socket.addEventListener('message', ({ data }) => {
    messages.push(JSON.parse(String(data)) as WatchEvent);
    notify?.();
  });
  const closed = new Promise<{ code: number; wasClean: boolean }>((resolve) => {
    socket.addEventListener('close', ({ code, wasClean }) => {
      resolve({ code, wasClean });
      notify?.();
    });
  });
  const opened: Socket = {
    closed,
    async next() {
      while (messages.length === 0) {
        if (socket.readyState === WebSocket.CLOSED) throw new Error('the connection ended');
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      return messages.shift() as WatchEvent;
    },
    [Symbol.dispose]: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(opened));
    socket.addEventListener('error', () => reject(new Error('the server did not accept')));
  });
}

async function awaitEvent(socket: Socket, type: string, name: string): Promise<WatchEvent> {
  for (;;) {
    const event = await socket.next();
    if (event.type === type && event.object.metadata.name === name) return event;
  }
}

it('shows what is there, what comes and what goes, each as a message', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'sockets');
  await done(admin.post(configMapsOf(path), configMap('first')));
  using socket = await openSocket(`${configMapsOf(path)}?watch=true`);
  await awaitEvent(socket, 'ADDED', 'first');
  // Longer than the two shorter forms of a frame.
  await done(admin.post(configMapsOf(path), configMap('large', { data: { a: 'x'.repeat(100_000) } })));
  const { object } = await awaitEvent(socket, 'ADDED', 'large');
  expect((object['data'] as { a: string }).a).toHaveLength(100_000);
  await done(admin.patch(`${configMapsOf(path)}/first`, { data: { a: '2' } }));
  await awaitEvent(socket, 'MODIFIED', 'first');
  await done(admin.delete(`${configMapsOf(path)}/first`));
  await awaitEvent(socket, 'DELETED', 'first');
});

it('ends when its time is up, in the way of the protocol', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'short');
  using socket = await openSocket(`${configMapsOf(path)}?watch=true&timeoutSeconds=1`);
  expect(await socket.closed).toEqual({ code: 1000, wasClean: true });
});

it('is refused to users that a watch is refused to, and for a version that is gone', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'refused');
  await expect(openSocket(`${configMapsOf(path)}?watch=true`, 'wrong')).rejects.toThrow('did not accept');
  await expect(openSocket(`${configMapsOf(path)}?watch=true&resourceVersion=x`)).rejects.toThrow('did not accept');
  await expect(openSocket(`${configMapsOf(path)}`)).rejects.toThrow('did not accept');
});

it('shows a provider its consumers, all of them together too', async () => {
  const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  const provider = await makeWorkspace(admin, 'root', 'sockets-provider');
  const consumer = await makeWorkspace(admin, 'root', 'sockets-consumer');
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const watch = (cluster: string) => openSocket(`${virtual}/clusters/${cluster}/api/v1/configmaps?watch=true`);
  using one = await watch(consumer.cluster);
  using all = await watch('*');
  await done(admin.post(`${base(consumer.path)}/api/v1/namespaces/default/configmaps`, configMap('granted')));
  await awaitEvent(one, 'ADDED', 'granted');
  await awaitEvent(all, 'ADDED', 'granted');
});
