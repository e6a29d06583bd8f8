import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestAuthority, TestCertificate } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, expect, it } from 'vitest';
import { createHttpClient } from './client.ts';

let authority: TestAuthority;
let serving: TestCertificate;

beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issue('CN=server');
});

/**
 * Answers with what it saw of the request and its client; a request for /silence is never answered.
 */
async function serve() {
  const options = { cert: serving.certificate, key: serving.privateKey, ca: authority.certificate, requestCert: true };
  const server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    if (request.url === '/silence') return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const peer = (request.socket as TLSSocket).getPeerCertificate();
      const { authorization, 'content-type': type } = request.headers;
      response.writeHead(request.method === 'GET' ? 200 : 201, { 'x-more': ['a', 'b'] });
      response.end(
        JSON.stringify({ authorization, type, body: Buffer.concat(chunks).toString(), peer: peer.subject?.CN }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}

it('a request carries its token, client certificate and JSON body, and every status is an answer', async () => {
  await using server = await serve();
  const user = await authority.issue('CN=alice');
  using client = createHttpClient({
    ca: authority.certificate,
    cert: user.certificate,
    key: user.privateKey,
    token: 'secret',
  });
  const answer = await client.request('POST', `${server.url}/things`, { a: 1 });
  expect(answer.status).toBe(201);
  expect(answer.headers['x-more']).toBe('a, b');
  expect(JSON.parse(answer.body)).toEqual({
    authorization: 'Bearer secret',
    type: 'application/json',
    body: '{"a":1}',
    peer: 'alice',
  });
});

it('a server that nobody vouches for is refused unless insecure', async () => {
  await using server = await serve();
  using strict = createHttpClient({});
  await expect(strict.request('GET', server.url)).rejects.toThrow(/certificate/);
  using lax = createHttpClient({ insecure: true, basic: { username: 'u', password: 'p' } });
  expect(JSON.parse((await lax.request('GET', server.url)).body)).toMatchObject({ authorization: 'Basic dTpw' });
});

it('a request that is not answered in time is rejected', async () => {
  await using server = await serve();
  using client = createHttpClient({ insecure: true, timeout: 30 });
  await expect(client.request('GET', `${server.url}/silence`)).rejects.toThrow(/abort|timeout/i);
});
