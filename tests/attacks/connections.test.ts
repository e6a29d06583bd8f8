/**
 * A client that holds connections and streams open, reads nothing or resets everything: nobody else
 * waits, and memory stays bounded.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTls } from 'node:tls';
import type { RawHttp2 } from '@kcp-ts/testing';
import { connectRawHttp2, headersFrame, rstFrame } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installation } from '../harness/config.ts';
import type { NeighbourTarget } from '../harness/neighbour.ts';
import { expectNoStall, peakBytes, resetPeak } from '../harness/neighbour.ts';
import { base, configMap, configMapsOf, done, makeWorkspace } from '../harness/objects.ts';
import type { ProcessServer } from '../harness/server.ts';
import { spawnServer } from '../harness/server.ts';

const megabyte = 1024 * 1024;
const embedded = installation === 'embedded';
/** How long what an attack has opened stays open. */
const holdMs = 600;

let server: ProcessServer;
let target: NeighbourTarget;
let port: number;
let workspace: string;

beforeAll(async () => {
  server = await spawnServer();
  port = Number(new URL(server.url).port);
  const universal = { type: { path: 'root', name: 'universal' } };
  const [quiet, loud] = await Promise.all(
    ['quiet', 'loud'].map((name) => makeWorkspace(server.admin, 'root', name, universal)),
  );
  workspace = loud?.path ?? '';
  await done(server.admin.post(configMapsOf(quiet?.path ?? ''), configMap('one')));
  // A list of 900 kB.
  for (let index = 0; index < 9; index++)
    await done(
      server.admin.post(configMapsOf(workspace), { ...configMap(`m${index}`), data: { text: 'x'.repeat(100_000) } }),
    );
  const path = `${configMapsOf(quiet?.path ?? '')}/one`;
  target = { url: server.url, ca: server.ca, token: server.adminToken, path };
});

afterAll(() => server[Symbol.asyncDispose]());

function headers(path: string, accept = 'application/json'): Record<string, string> {
  return {
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': '127.0.0.1',
    ':path': path,
    accept,
    authorization: `Bearer ${server.adminToken}`,
  };
}

async function hold(clients: readonly RawHttp2[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, holdMs));
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
}

/** Opens so many streams on each of so many connections, and takes nothing of what comes. */
async function openUnread(head: Record<string, string>, connections: number, streams: number): Promise<void> {
  const connecting = Array.from({ length: connections }, () =>
    connectRawHttp2({ port, ca: server.ca, windowBytes: 0 }),
  );
  const clients = await Promise.all(connecting);
  const frames = Array.from({ length: streams }, (_, index) => headersFrame(index * 2 + 1, head));
  await Promise.all(clients.map((client) => client.send(...frames)));
  await hold(clients);
}

/**
 * The most that the attacked process may grow by: what all clients together may leave unread, and
 * what is on its way.
 */
const growthMax = 220 * megabyte;

async function expectBounded(attack: () => Promise<unknown>): Promise<void> {
  await resetPeak(server.pid);
  const before = await peakBytes(server.pid);
  await expectNoStall(target, attack, server);
  expect((await peakBytes(server.pid)) - before).toBeLessThan(growthMax);
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

describe('a client that takes nothing of what it asks for holds up nobody', () => {
  const rows: readonly (readonly [what: string, path: () => string, accept?: string])[] = [
    ['lists of 900 kB', () => configMapsOf(workspace)],
    ['lists of 900 kB in pages', () => `${configMapsOf(workspace)}?limit=500`],
    ['tables with whole objects', () => `${configMapsOf(workspace)}?includeObject=Object`, table],
    ['lists of metadata', () => configMapsOf(workspace), partial],
    ['watches that begin with 900 kB', () => `${configMapsOf(workspace)}?watch=true`],
    ['single objects of 100 kB', () => `${configMapsOf(workspace)}/m0`],
    ['OpenAPI documents', () => `${base(workspace)}/openapi/v2`],
    ['discovery', () => `${base(workspace)}/apis`],
  ];
  // Over several processes each kind once: there it is the relaying that is tried.
  for (const [what, path, accept] of embedded ? rows : rows.filter((_row, index) => index % 3 === 0))
    it(`${what}, a thousand times on one connection`, () =>
      expectBounded(() => openUnread(headers(path(), accept), 1, 1000)));

  // A front-proxy, which need not compute them, has them all in flight at once, and would tell
  // everybody 429 were they more.
  for (const [connections, streams] of [
    [20, 50],
    [embedded ? 100 : 30, 10],
  ] as const)
    it(`lists of 900 kB, ${streams} times on each of ${connections} connections`, () =>
      expectBounded(() => openUnread(headers(configMapsOf(workspace)), connections, streams)));

  it('lists of 900 kB, on forty connections of HTTP/1.1', () =>
    expectBounded(async () => {
      const sockets = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const socket = connectTls({ port, host: '127.0.0.1', ca: server.ca });
          socket.on('error', () => undefined);
          await once(socket, 'secureConnect');
          socket.write(
            `GET ${configMapsOf(workspace)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.adminToken}\r\n\r\n`,
          );
          return socket;
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, holdMs));
      for (const socket of sockets) socket.destroy();
    }));
});

/**
 * Asks for a thousand lists on a connection of its own and resets each of them, in one read with
 * the request or in another.
 */
async function resetAll(head: Record<string, string>, together: boolean): Promise<void> {
  await using client = await connectRawHttp2({ port, ca: server.ca, windowBytes: 0 });
  for (let begin = 0; begin < 1000; begin += 100) {
    const streams = Array.from({ length: 100 }, (_, index) => (begin + index) * 2 + 1);
    if (together) await client.send(...streams.flatMap((id) => [headersFrame(id, head), rstFrame(id)]));
    else {
      await client.send(...streams.map((id) => headersFrame(id, head)));
      await client.send(...streams.map(rstFrame));
    }
  }
}

describe('17,000 lists that are reset as soon as they are asked for hold up nobody', () => {
  const connections = Array.from({ length: 17 }, (_, index) => index);

  it('on one connection after the other', () =>
    expectNoStall(
      target,
      async () => {
        const head = headers(configMapsOf(workspace));
        for (const connection of connections) await resetAll(head, connection % 2 === 0);
      },
      server,
    ));

  it('on seventeen connections at once', () =>
    expectNoStall(
      target,
      async () => {
        const head = headers(configMapsOf(workspace));
        await Promise.all(connections.map((connection) => resetAll(head, connection % 2 === 0)));
      },
      server,
    ));
});

/**
 * How much more than after the first round may be resident after the last: what is kept for the
 * next, and pages that the allocator has not given back.
 */
const keptMax = 64 * megabyte;
const rounds = 6;

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** Resolves when nothing is under way, nothing waits and no bytes are held, in any queue. */
async function untilIdle(): Promise<void> {
  const zero = ['kcp_http_requests_waiting', 'kcp_http_unsent_bytes'];
  const inFlight = 'apiserver_current_inflight_requests\\{request_kind="readOnly"\\} [01]';
  await server.shardAdmin.until('/metrics', ({ text }) =>
    // The request that asks is under way itself.
    [...zero.map((name) => `${name} 0`), 'kcp_http_requests_running [01]', inFlight].every((line) =>
      new RegExp(`^${line}$`, 'm').test(text),
    ),
  );
}

it('when the attackers have gone nothing waits and no bytes are held for them, and memory does not grow from round to round', {
  timeout: 60_000,
}, async () => {
  const head = headers(configMapsOf(workspace));
  const resident: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await openUnread(head, 20, 50);
    await openUnread(headers(`${configMapsOf(workspace)}?watch=true`), 10, 100);
    await Promise.all([true, false, true, false].map((together) => resetAll(head, together)));
    await untilIdle();
    resident.push(await residentBytes());
  }
  const grown = Math.min(...resident.slice(rounds / 2)) - Math.max(...resident.slice(0, 2));
  expect(grown).toBeLessThan(keptMax);
});
