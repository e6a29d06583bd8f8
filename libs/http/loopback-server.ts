/**
 * A server for those who are on this machine, in the clear and without credentials: it listens on
 * loopback alone. A page in a browser on this machine reaches it too, under any name that it gives
 * to 127.0.0.1, so a request must name a loopback host, and must not come from a page.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';

export type LoopbackHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '');
}

/**
 * `onError` gets what a handler throws; it is answered with 500. Rejects where the port is taken.
 */
export async function startLoopbackServer(
  { host, port }: { readonly host: string; readonly port: number },
  handle: LoopbackHandler,
  onError: (error: unknown) => void,
): Promise<LoopbackServer> {
  if (!isLoopback(host)) throw new RangeError(`${host} is no address of loopback`);
  const server = createServer((request, response) => {
    const site = request.headers['sec-fetch-site'] ?? 'none';
    if (!isLoopback(hostOf(request.headers.host)) || request.headers.origin !== undefined || site !== 'none') {
      response.writeHead(403).end('only programs on this machine are answered, under a loopback host\n');
      return;
    }
    handle(request, response).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host.replace(/^\[|\]$/g, ''), listening);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
