/**
 * kill -9 at the worst moments: what was acknowledged is there, watches miss nothing, and what was
 * begun is finished.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import {
  base,
  bindingsOf,
  bindingTo,
  condition,
  configMap,
  configMapsOf,
  custom,
  done,
  field,
  logicalClusterOf,
  makeWorkspace,
  names,
  provide,
  workspacesOf,
} from '../harness/objects.ts';
import { spawnServer } from '../harness/server.ts';
import { faults } from './config.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-faults-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

interface Acknowledged {
  /** Content of a config map by name; undefined once its deletion was acknowledged. */
  readonly state: Map<string, string | undefined>;
  /** What was asked for and not answered when the server died: it may have happened or not. */
  readonly unknown: Set<string>;
  count: number;
}

const versionOf = (object: { metadata: { resourceVersion?: string } }) =>
  BigInt(object.metadata.resourceVersion ?? '0');

/** Creates, updates and now and then deletes, until the server is gone. */
async function write(
  client: ApiClient,
  path: string,
  writer: string,
  known: Acknowledged,
  onWritten: () => void,
): Promise<void> {
  const acknowledge = (name: string, value: string | undefined) => {
    known.state.set(name, value);
    known.unknown.delete(name);
    known.count++;
    onWritten();
  };
  for (let count = 0; ; count++) {
    const name = `${writer}-${count}`;
    known.unknown.add(name);
    try {
      await done(client.post(configMapsOf(path), configMap(name, { data: { value: 'made' } })));
      acknowledge(name, 'made');
      known.unknown.add(name);
      if (count % 2 === 0) {
        await done(client.patch(`${configMapsOf(path)}/${name}`, { data: { value: 'changed' } }));
        acknowledge(name, 'changed');
      } else if (count % 5 === 0) {
        await done(client.delete(`${configMapsOf(path)}/${name}`));
        acknowledge(name, undefined);
      } else known.unknown.delete(name);
    } catch {
      return;
    }
  }
}

/**
 * Folds events into a set of objects; throws where the order is broken or something comes twice.
 */
function follow(seen: Map<string, string>, events: readonly WatchEvent[]): bigint {
  let last = 0n;
  for (const { type, object } of events) {
    if (type === 'BOOKMARK') continue;
    const { name } = object.metadata;
    expect(versionOf(object), `${type} ${name} is out of order`).toBeGreaterThan(last);
    last = versionOf(object);
    if (type === 'ADDED') expect(seen.has(name), `${name} was added twice`).toBe(false);
    else expect(seen.has(name), `${type} of ${name}, which was never added`).toBe(true);
    if (type === 'DELETED') seen.delete(name);
    else seen.set(name, String(field(object, 'data.value')));
  }
  return last;
}

async function collect(
  client: ApiClient,
  path: string,
  into: WatchEvent[],
  enough: (event: WatchEvent) => boolean,
): Promise<void> {
  const stop = new AbortController();
  try {
    for await (const event of client.watch(path, stop.signal)) {
      into.push(event);
      if (enough(event)) return;
    }
  } catch {
    // The connection went with the server.
  } finally {
    stop.abort();
  }
}

it(
  'every acknowledged write survives kill -9, and a watch resumes with nothing lost and nothing twice',
  async () => {
    const known: Acknowledged = { state: new Map(), unknown: new Set(), count: 0 };
    const events: WatchEvent[] = [];
    let from = '';
    const path = 'root:burst';
    for (let round = 0; round < faults.rounds; round++) {
      await using server = await spawnServer({ folder });
      if (round === 0) {
        await makeWorkspace(server.admin, 'root', 'burst');
        from = String(field((await server.admin.get(configMapsOf(path))).body, 'metadata.resourceVersion'));
      }
      const since = versionOfLast(events) ?? from;
      const watching = collect(
        server.admin,
        `${configMapsOf(path)}?watch=true&resourceVersion=${since}`,
        events,
        () => false,
      );
      const enough = known.count + faults.writes;
      await new Promise<void>((reached) => {
        const check = () => known.count >= enough && reached();
        for (let writer = 0; writer < 16; writer++) void write(server.admin, path, `w${round}-${writer}`, known, check);
      });
      await server.kill();
      await watching;
    }
    await using server = await spawnServer({ folder });
    const list = await server.admin.get(configMapsOf(path));
    expect(list.status, list.text).toBe(200);
    const stored = new Map(
      (list.body['items'] as object[]).map((item) => [
        String(field(item, 'metadata.name')),
        String(field(item, 'data.value')),
      ]),
    );
    stored.delete('kube-root-ca.crt');
    for (const [name, value] of known.state)
      if (!known.unknown.has(name)) expect(stored.get(name), `${name} was acknowledged`).toBe(value);
    for (const name of stored.keys())
      expect(known.state.has(name) || known.unknown.has(name), `${name} was never asked for`).toBe(true);
    const last = await done(server.admin.post(configMapsOf(path), configMap('the-last', { data: { value: 'made' } })));
    const since = versionOfLast(events) ?? from;
    await collect(
      server.admin,
      `${configMapsOf(path)}?watch=true&resourceVersion=${since}`,
      events,
      ({ object }) => object.metadata.name === last.metadata.name,
    );
    const seen = new Map<string, string>();
    follow(seen, events);
    seen.delete('the-last');
    expect(new Map([...seen].sort())).toEqual(new Map([...stored].sort()));
  },
  faults.timeoutMs,
);

function versionOfLast(events: readonly WatchEvent[]): string | undefined {
  return events.at(-1)?.object.metadata.resourceVersion;
}

it(
  'the deletion of a tree of workspaces that kill -9 interrupted is finished after the restart',
  async () => {
    const clusters: string[] = [];
    {
      await using server = await spawnServer({ folder });
      const universal = { type: { path: 'root', name: 'universal' } };
      const top = await makeWorkspace(server.admin, 'root', 'tree', universal);
      clusters.push(top.cluster);
      for (const name of ['a', 'b', 'c']) {
        const middle = await makeWorkspace(server.admin, top.path, name, universal);
        const low = await makeWorkspace(server.admin, middle.path, 'low', universal);
        clusters.push(middle.cluster, low.cluster);
        for (const { path } of [middle, low])
          for (let at = 0; at < 20; at++) await done(server.admin.post(configMapsOf(path), configMap(`leaf-${at}`)));
      }
      await done(server.admin.delete(`${workspacesOf('root')}/tree`));
      await server.kill();
    }
    await using server = await spawnServer({ folder });
    await server.admin.until(`${workspacesOf('root')}/tree`, ({ status }) => status === 404);
    for (const cluster of clusters) {
      expect((await server.shardAdmin.get(logicalClusterOf(cluster))).status).toBe(404);
      expect(names((await server.shardAdmin.get(`${base(cluster)}/api/v1/configmaps`)).body)).toEqual([]);
    }
  },
  faults.timeoutMs,
);

it(
  'binding and unbinding that kill -9 interrupted are finished after the restart',
  async () => {
    const consumers = ['one', 'two', 'three', 'four', 'five', 'six'];
    {
      await using server = await spawnServer({ folder });
      await makeWorkspace(server.admin, 'root', 'provider');
      await provide(server.admin, 'root:provider', 'cowboys', 'cowboys');
      for (const name of consumers) await makeWorkspace(server.admin, 'root', name);
      await Promise.all(
        consumers.map((name) =>
          done(server.admin.post(bindingsOf(`root:${name}`), bindingTo('cowboys', 'root:provider', 'cowboys'))),
        ),
      );
      await server.kill();
    }
    {
      await using server = await spawnServer({ folder });
      for (const name of consumers) {
        await server.admin.until(
          `${bindingsOf(`root:${name}`)}/cowboys`,
          ({ body }) => field(body, 'status.phase') === 'Bound' && condition(body, 'BindingUpToDate') === 'True',
        );
        for (let at = 0; at < 20; at++)
          await done(
            server.admin.post(
              `${base(`root:${name}`)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`,
              custom('Cowboy', `c-${at}`),
            ),
          );
      }
      await Promise.all(consumers.map((name) => done(server.admin.delete(`${bindingsOf(`root:${name}`)}/cowboys`))));
      await server.kill();
    }
    await using server = await spawnServer({ folder });
    for (const name of consumers)
      await server.admin.until(`${bindingsOf(`root:${name}`)}/cowboys`, ({ status }) => status === 404);
    const left = await server.shardAdmin.get('/clusters/*/apis/wild.west/v1alpha1/cowboys', {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    });
    expect(names(left.body)).toEqual([]);
  },
  faults.timeoutMs,
);

it(
  'a server that is killed right after its start starts again at once, however often',
  async () => {
    for (let round = 0; round < faults.rounds + 2; round++) {
      await using server = await spawnServer({ folder });
      await done(server.admin.post(configMapsOf('root'), configMap(`round-${round}`)));
      await server.kill();
    }
    await using server = await spawnServer({ folder });
    expect(names((await server.admin.get(configMapsOf('root'))).body)).toContain('round-1');
  },
  faults.timeoutMs,
);
