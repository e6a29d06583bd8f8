/**
 * A shard that has a standby is stopped by plan, as a rolling update does it, while clients write
 * and watch: its standby serves it a moment later, no write is lost, no watch has to list again,
 * and nobody has excluded the shard from the streams of providers.
 */
import type { Cluster } from '@kcp-ts/kcp-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { bind, custom, done, field, makeWorkspace, provide, virtualWorkspace } from '../harness/objects.ts';
import { missing, onShard, portUrl } from '../harness/sharded.ts';

const cowboys = (cluster: string) => `/clusters/${cluster}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;

let cluster: Cluster;
let admin: ApiClient;

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startTestCluster({ shards: 2, standbys: true });
  admin = createApiClient({ url: cluster.url, ca: cluster.ca, token: cluster.tokens['kcp-admin'] });
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** A client that watches again from where it was whenever its watch ends, and never lists again. */
async function follow(path: string, from: string, seen: string[], signal: AbortSignal): Promise<void> {
  let resourceVersion = from;
  while (!signal.aborted) {
    const events = admin.watch(`${path}?watch=1&allowWatchBookmarks=1&resourceVersion=${resourceVersion}`, signal);
    for await (const { type, object } of events as AsyncIterable<WatchEvent>) {
      // A shard that is just not served says so, and is asked again.
      if (type === 'ERROR' && field(object, 'code') === 503) break;
      if (type === 'ERROR') throw new Error(`it has to list again: ${JSON.stringify(object)}`);
      resourceVersion = String(field(object, 'metadata.resourceVersion'));
      if (type === 'ADDED') seen.push(String(field(object, 'metadata.name')));
    }
  }
}

interface Written {
  readonly names: readonly string[];
  /** Answers that were no success, as `503 after 1`. */
  readonly refused: ReadonlySet<string>;
  /** The longest time without a success. */
  readonly gapMs: number;
}

/** Writes one object after the other until `enough`, each until it is taken. */
async function writeUntil(
  path: string,
  prefix: string,
  enough: (names: readonly string[]) => boolean,
): Promise<Written> {
  const names: string[] = [];
  const refused = new Set<string>();
  let gapMs = 0;
  while (!enough(names)) {
    const name = `${prefix}-${names.length}`;
    const sinceMs = performance.now();
    for (;;) {
      const { status, headers } = await admin.post(path, custom('Cowboy', name));
      // One that was answered with an error and done nevertheless is there the next time.
      if (status === 201 || status === 409) break;
      refused.add(`${status} after ${headers['retry-after']}`);
    }
    gapMs = Math.max(gapMs, performance.now() - sinceMs);
    names.push(name);
  }
  return { names, refused, gapMs };
}

/** What the membership in etcd says of a shard. */
async function recordOf(
  shard: string,
): Promise<{ readonly excludedAt?: number; readonly absences?: readonly object[] }> {
  const { port } = cluster.part('etcd').part;
  const key = Buffer.from(`/kcp/register/shards/${shard}`).toString('base64');
  const url = `http://127.0.0.1:${port}/v3/kv/range`;
  const { kvs = [] } = (await (await fetch(url, { method: 'POST', body: JSON.stringify({ key }) })).json()) as {
    kvs?: { value: string }[];
  };
  return JSON.parse(Buffer.from(kvs[0]?.value ?? '', 'base64').toString()) as Awaited<ReturnType<typeof recordOf>>;
}

/** Its mirror is complete: it could take over now. */
async function untilStandby(part: string): Promise<void> {
  const token = cluster.tokens['shard-admin'];
  await cluster.part(part).ready();
  await using standby = createApiClient({ url: portUrl(cluster, part), ca: cluster.ca, token });
  await standby.until('/readyz', ({ status }) => status === 200);
}

describe.skipIf(missing !== undefined)('a shard that is stopped by plan', () => {
  it('is handed over to its standby, and back', { timeout: 120_000 }, async () => {
    const provider = await makeWorkspace(admin, 'root', 'provider', onShard('root'));
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    const consumer = await makeWorkspace(admin, 'root', 'consumer', onShard('shard-1'));
    await bind(admin, consumer.path, provider.path, 'cowboys');
    const own = cowboys(consumer.path);
    const merged = `${await virtualWorkspace(admin, provider.path, 'cowboys')}/clusters/*/apis/wild.west/v1alpha1/cowboys`;
    const [here, everywhere]: [string[], string[]] = [[], []];
    const stop = new AbortController();
    const versionOf = async (path: string) => String(field(await done(admin.get(path)), 'metadata.resourceVersion'));
    const following = Promise.all([
      follow(own, await versionOf(own), here, stop.signal),
      follow(merged, await versionOf(merged), everywhere, stop.signal),
    ]);
    void following.catch(() => undefined);

    const written: string[] = [];
    await untilStandby('shard-1-standby');
    for (const [from, to] of [
      ['shard-1', 'shard-1-standby'],
      ['shard-1-standby', 'shard-1'],
    ] as const) {
      let ended = false;
      let after = 0;
      // It goes on until some were taken by the successor.
      const writing = writeUntil(own, from, (names) => {
        if (!ended) after = names.length;
        return ended && names.length > after + 20;
      });
      await expect.poll(() => here.length, { timeout: 15_000 }).toBeGreaterThan(written.length + 5);
      await cluster.part(from).kill('SIGTERM');
      ended = true;
      const { names, refused, gapMs } = await writing;
      written.push(...names);
      console.info(`${from} was handed over to ${to}: no write was taken for ${Math.round(gapMs)} ms`);
      expect([...refused].filter((answer) => answer !== '503 after 1')).toEqual([]);
      const { excludedAt, absences = [] } = await recordOf('shard-1');
      expect([excludedAt, absences]).toEqual([undefined, []]);
      // The other one stands by before it is its turn.
      cluster.part(from).start();
      await untilStandby(from);
    }
    const shown = () => [here, everywhere].map((names) => names.length);
    await expect.poll(shown, { timeout: 15_000 }).toEqual([written.length, written.length]);
    stop.abort();
    await following;
    expect(here).toEqual(written);
    expect(everywhere).toEqual(written);
  });
});
