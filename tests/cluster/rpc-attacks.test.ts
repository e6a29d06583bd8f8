/**
 * The RPC ports of shard and cache-server, attacked by a client that holds a certificate of the
 * installation and by some that hold none: garbage of all sorts, large messages, and calls that are
 * opened and abandoned. The process goes on, others' calls are answered meanwhile, and memory stays
 * bounded.
 */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { createSystemRandom } from '@kcp-ts/base';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { ClockService, FeedService, ShardService } from '@kcp-ts/proto';
import { createRpcClient } from '@kcp-ts/rpc';
import type { RawHttp2 } from '@kcp-ts/testing';
import { connectRawHttp2, createTestAuthority, frame, frameTypes, headersFrame, rstFrame } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chance } from '../attacks/frames.fixture.ts';
import { chanceOf, randomFrame } from '../attacks/frames.fixture.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { fuzzSeed } from '../harness/config.ts';
import { peakBytes, resetPeak } from '../harness/neighbour.ts';
import { missing } from '../harness/sharded.ts';

const megabyte = 1024 * 1024;
const host = '127.0.0.1';
const fuzzMs = 3_000;
/**
 * What an attack may take: what is received of messages at once, and what the allocator keeps of
 * garbage.
 */
const growthMax = 200 * megabyte;
/** A generous bound for the machine; a call that waits for longer fails. */
const answerMs = 5_000;

interface Tls {
  readonly cert: string;
  readonly key: string;
}

let cluster: Cluster;
let ca: string;
/** A service that the attacked ones know, and that may call most of their methods. */
let insider: Tls;
/** Somebody else's certificate of the same name. */
let stranger: Tls;

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startTestCluster({ shards: 1 });
  const read = (file: string) => readFile(join(cluster.folder, 'pki', file), 'utf8');
  ca = await read('ca.crt');
  const [cert, key] = await Promise.all([read('root.crt'), read('root.key')]);
  insider = { cert, key };
  const other = await createTestAuthority('other');
  const issued = await other.issue('CN=system:kcp:service:shard:root, O=system:kcp:services');
  stranger = { cert: issued.certificate, key: issued.privateKey };
}, 120_000);
afterAll(() => cluster?.[Symbol.asyncDispose]());

const seed = fuzzSeed ?? createSystemRandom().integer(2 ** 31);
const methods = [ClockService, FeedService, ShardService].flatMap((service) =>
  service.methods.map((method) => `/${service.typeName}/${method.name}`),
);

function callHeaders(path: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': 'a',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
}

function message(bytes: Uint8Array, claimed = bytes.length, compressed = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(claimed, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * Bytes that begin as messages do: fields of any number and wire type, lengths beyond the end,
 * varints that do not end.
 */
function randomMessage(chance: Chance): Buffer {
  const fields = Array.from({ length: chance(12) }, () => {
    const tag = Buffer.from([(chance(20) << 3) | chance(8)]);
    const content = Buffer.from(Array.from({ length: chance(40) }, () => (chance(3) === 0 ? 0xff : chance(256))));
    const length = Buffer.from(chance(4) === 0 ? [0xff, 0xff, 0xff, 0xff, 0x0f] : [content.length]);
    return Buffer.concat([tag, length, content]);
  });
  const bytes = Buffer.concat(fields);
  return message(bytes, chance(6) === 0 ? chance(2 ** 31) * 2 : bytes.length, chance(5) === 0 ? 1 : 0);
}

function connectAs(port: number, tls: Tls | undefined): Promise<RawHttp2 | undefined> {
  // Who shows no certificate, or a wrong one, is turned away while it connects, or after it.
  return connectRawHttp2({ port, ca, ...(tls === undefined ? {} : { tls }) }).catch(() => undefined);
}

/** Random frames and random calls, one connection after the other. */
async function fuzz(port: number, tls: Tls | undefined, chance: Chance): Promise<number> {
  let sent = 0;
  for (const until = performance.now() + fuzzMs; performance.now() < until; ) {
    const client = await connectAs(port, tls);
    if (client === undefined) continue;
    for (let index = chance(80); index > 0 && !client.socket.destroyed; index--) {
      const stream = index * 2 + 1;
      const path = methods[chance(methods.length)] ?? '';
      await (chance(2) === 0
        ? client.send(randomFrame(chance, methods))
        : client.send(
            headersFrame(stream, callHeaders(path), false),
            frame(frameTypes.data, chance(2), stream, randomMessage(chance)),
          ));
      sent++;
    }
    await client[Symbol.asyncDispose]();
  }
  return sent;
}

/**
 * Opens calls and resets each at once, or leaves them open with the connection until it is gone.
 */
async function abandon(port: number, path: string, count: number, reset: boolean): Promise<void> {
  const client = await connectAs(port, insider);
  if (client === undefined) throw new Error('the certificate must be taken');
  for (let begin = 0; begin < count && !client.socket.destroyed; begin += 100) {
    const streams = Array.from({ length: 100 }, (_, index) => (begin + index) * 2 + 1);
    await client.send(...streams.map((stream) => headersFrame(stream, callHeaders(path), false)));
    await client.send(...streams.map((stream) => frame(frameTypes.data, 0, stream, message(Buffer.alloc(0)))));
    if (reset) await client.send(...streams.map(rstFrame));
  }
  await client[Symbol.asyncDispose]();
}

describe.skipIf(missing !== undefined).each(['root', 'cache-server'])('the RPC port of %s', (name) => {
  const address = () => `${host}:${cluster.part(name).part.otherPort}`;
  const asInsider = () => ({ addresses: [address()], tls: { ca, ...insider } });

  /**
   * Another service's calls are answered while an attack goes on, by the same process, whose memory
   * stays bounded.
   */
  async function holds(attack: (port: number) => Promise<unknown>): Promise<void> {
    const part = cluster.part(name);
    const pid = part.pid ?? 0;
    await resetPeak(pid);
    const before = await peakBytes(pid);
    using other = createRpcClient(ClockService, asInsider());
    await other.call.readClock({}, { timeoutMs: answerMs });
    let over = false;
    const attacking = attack(part.part.otherPort).finally(() => {
      over = true;
    });
    let answered = 0;
    do {
      await other.call.readClock({}, { timeoutMs: answerMs });
      answered++;
    } while (!over);
    await attacking;
    expect(answered).toBeGreaterThan(1);
    expect([part.pid, part.running]).toEqual([pid, true]);
    expect(((await peakBytes(pid)) - before) / megabyte).toBeLessThan(growthMax / megabyte);
  }

  it('outlives random frames and messages of who holds a certificate and of who holds none', {
    timeout: 60_000,
  }, async () => {
    process.stdout.write(`the seed of the frames: ${seed}\n`);
    const chance = chanceOf(seed);
    await holds(async (port) => {
      const whos = [insider, insider, insider, stranger, undefined];
      const sent = await Promise.all(whos.map((who) => fuzz(port, who, chance)));
      expect(sent[0]).toBeGreaterThan(50);
    });
  });

  it(
    'takes no message that is larger than any that is meant for it, and holds no more than some at once',
    {
      timeout: 60_000,
    },
    () =>
      holds(async () => {
        using client = createRpcClient(ShardService, asInsider());
        using feed = createRpcClient(FeedService, asInsider());
        const large = 'x'.repeat(8 * megabyte);
        const drain = async (index: number): Promise<void> => {
          if (index % 2 === 0) await client.call.describeCluster({ cluster: large }, { timeoutMs: 30_000 });
          else for await (const _answer of feed.call.snapshot({ shard: large }, { timeoutMs: 30_000 }));
        };
        const calls = Array.from({ length: 20 }, (_, index) => drain(index));
        const outcomes = await Promise.allSettled(calls);
        expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'));
      }),
  );

  it('forgets thousands of calls that are opened and abandoned', { timeout: 60_000 }, () =>
    holds(async (port) => {
      for (const path of methods) for (const reset of [true, false]) await abandon(port, path, 2_000, reset);
      await Promise.all(methods.map((path) => abandon(port, path, 2_000, true)));
    }),
  );

  it('has room for others while hundreds of connections say nothing', { timeout: 60_000 }, () =>
    holds(async (port) => {
      const silent = Array.from({ length: 200 }, () => connectTcp({ host, port }).on('error', () => undefined));
      const known = await Promise.all(Array.from({ length: 100 }, () => connectAs(port, insider)));
      using client = createRpcClient(ClockService, asInsider());
      for (let index = 0; index < 100; index++) await client.call.readClock({}, { timeoutMs: answerMs });
      for (const connection of silent) connection.destroy();
      for (const connection of known) await connection?.[Symbol.asyncDispose]();
    }),
  );

  it('does not keep its service from ending in order after all that', { timeout: 30_000 }, async () => {
    const part = cluster.part(name);
    await part.kill('SIGTERM');
    // What a service writes last; one that does not end in time is killed before.
    expect(await readFile(part.logFile, 'utf8')).toMatch(/"detail":"closed","msg":"nats"/);
    part.start();
    await part.ready();
  });
});
