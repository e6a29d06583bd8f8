/**
 * All consumers of an export on three shards, at one URL: lists, pages, watches, and what becomes
 * of them when a shard is gone.
 */

import type { KubeObject } from '@kcp-ts/api';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { missingProgram } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import { base, bind, custom, done, field, makeWorkspace, names, provide } from '../harness/objects.ts';

const missing = missingProgram('etcd') ?? missingProgram('natsServer');
const shardNames = ['root', 'shard-1', 'shard-2'];
const cowboysPath = '/apis/wild.west/v1alpha1/cowboys';

let cluster: Cluster;
let admin: ApiClient;
let consumers: readonly MadeWorkspace[];
let wildcard: string;
let services: readonly ApiClient[];

const cowboysIn = ({ cluster: name }: MadeWorkspace) =>
  `${base(name)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;

function consumer(index: number): MadeWorkspace {
  const found = consumers[index];
  if (found === undefined) throw new Error(`there is no consumer ${index}`);
  return found;
}

const onShard = (name: string) => ({ location: { selector: { matchLabels: { name } } } });

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startTestCluster({ virtualWorkspaces: 2 });
  const token = cluster.tokens['kcp-admin'];
  admin = createApiClient({ url: cluster.url, ca: cluster.ca, token });
  services = cluster.parts
    .filter(({ part }) => part.kind === 'virtual-workspaces')
    .map(({ part }) => createApiClient({ url: `https://127.0.0.1:${part.port}`, ca: cluster.ca, token }));
  const provider = await makeWorkspace(admin, 'root', 'provider', onShard('shard-1'));
  await provide(admin, provider.path, 'cowboys', 'cowboys', []);
  consumers = await Promise.all(
    shardNames.map((name, i) => makeWorkspace(admin, 'root', `consumer-${i}`, onShard(name))),
  );
  for (const { path } of consumers) await bind(admin, path, provider.path, 'cowboys', []);
  wildcard = `/services/apiexport/${provider.cluster}/cowboys/clusters/*`;
}, 120_000);

afterAll(async () => {
  for (const client of [admin, ...(services ?? [])]) await client?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** A watch whose events a test waits for. */
function follow(client: ApiClient, path: string) {
  const events: WatchEvent[] = [];
  const stop = new AbortController();
  let notify: (() => void) | undefined;
  const run = (async () => {
    for await (const event of client.watch(path, stop.signal)) {
      events.push(event);
      notify?.();
    }
  })().catch(() => undefined);
  return {
    events,
    ended: run,
    async until(holds: (events: readonly WatchEvent[]) => boolean): Promise<void> {
      const end = performance.now() + 20_000;
      while (!holds(events)) {
        if (performance.now() > end)
          throw new Error(`the watch never came so far: ${JSON.stringify(events).slice(0, 3_000)}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200);
          notify = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
    },
  };
}

const versionOf = (object: KubeObject) => BigInt(object.metadata.resourceVersion ?? '0');

function expectInOrder(events: readonly WatchEvent[]): void {
  const versions = events.map(({ object }) => versionOf(object));
  for (let i = 1; i < versions.length; i++)
    expect(Number((versions[i] ?? 0n) - (versions[i - 1] ?? 0n))).toBeGreaterThan(0);
}

describe.skipIf(missing !== undefined)(
  `the wildcard of an export over shards${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    it('lists every consumer of every shard at one revision, also in pages, and what was just written', async () => {
      for (const [i] of shardNames.entries())
        for (const name of ['amy', 'bob'])
          await done(admin.post(cowboysIn(consumer(i)), custom('Cowboy', `${name}-${i}`)));
      for (const client of [admin, ...services]) {
        const list = await client.get(`${wildcard}${cowboysPath}`);
        expect(list.status, list.text).toBe(200);
        expect(names(list.body)).toEqual(['amy-0', 'amy-1', 'amy-2', 'bob-0', 'bob-1', 'bob-2']);
      }
      const paged: string[] = [];
      const versions = new Set<unknown>();
      let token = '';
      do {
        const more: string = token === '' ? '' : `&continue=${token}`;
        const page = await (services[paged.length % 2] ?? admin).get(`${wildcard}${cowboysPath}?limit=1${more}`);
        expect(page.status, page.text).toBe(200);
        paged.push(...names(page.body));
        versions.add(field(page.body, 'metadata.resourceVersion'));
        token = String(field(page.body, 'metadata.continue') ?? '');
      } while (token !== '');
      expect(paged.sort()).toEqual(['amy-0', 'amy-1', 'amy-2', 'bob-0', 'bob-1', 'bob-2']);
      expect(versions.size).toBe(1);
      const table = await admin.get(`${wildcard}${cowboysPath}`, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      });
      expect(table.status, table.text).toBe(200);
      expect((field(table.body, 'rows') as unknown[]).length).toBe(6);
      for (let round = 0; round < 20; round++) {
        await done(admin.post(cowboysIn(consumer(round % 3)), custom('Cowboy', `fresh-${round}`)));
        const seen = await (services[round % 2] ?? admin).get(`${wildcard}${cowboysPath}`);
        expect(seen.status, seen.text).toBe(200);
        expect(names(seen.body)).toContain(`fresh-${round}`);
        await done(admin.delete(`${cowboysIn(consumer(round % 3))}/fresh-${round}`));
      }
    });

    it('says what a shard would of what is not served, and of who may not look', async () => {
      expect((await admin.get(`${wildcard}/apis/wild.west/v1alpha1/horses`)).status).toBe(404);
      expect((await admin.post(`${wildcard}${cowboysPath}`, custom('Cowboy', 'x'))).status).toBeGreaterThanOrEqual(400);
      expect((await admin.get(`${wildcard}/apis/wild.west/v1alpha1`)).status).toBe(200);
      expect((await admin.get(`${wildcard}${cowboysPath}?continue=x`)).status).toBe(400);
      const nobody = createApiClient({ url: cluster.url, ca: cluster.ca });
      for (const query of ['', '?limit=2', '?watch=1']) {
        const begun = performance.now();
        expect((await nobody.get(`${wildcard}${cowboysPath}${query}`)).status).toBe(403);
        expect(performance.now() - begun).toBeLessThan(800);
      }
      const refused = follow(nobody, `${wildcard}${cowboysPath}?watch=1`);
      await refused.ended;
      expect((await nobody.get(`${wildcard}${cowboysPath}?watch=1`)).status).toBe(403);
      await nobody[Symbol.asyncDispose]();
    });

    it('watches all of them in one order, and goes on at another replica from the last version', async () => {
      const list = await admin.get(`${wildcard}${cowboysPath}`);
      const from = String(field(list.body, 'metadata.resourceVersion'));
      const [first, second] = [services[0] ?? admin, services[1] ?? admin];
      let last: string;
      {
        await using watch = follow(first, `${wildcard}${cowboysPath}?watch=1&resourceVersion=${from}`);
        await Promise.all(
          Array.from({ length: 60 }, (_, i) =>
            done(admin.post(cowboysIn(consumer(i % 3)), custom('Cowboy', `w-${i}`))),
          ),
        );
        await watch.until((events) => events.length >= 60);
        expectInOrder(watch.events);
        expect(new Set(watch.events.map(({ object }) => object.metadata.name)).size).toBe(60);
        last = String(watch.events[39]?.object.metadata.resourceVersion);
      }
      await using again = follow(second, `${wildcard}${cowboysPath}?watch=1&resourceVersion=${last}`);
      await done(admin.delete(`${cowboysIn(consumer(1))}/w-1`));
      await again.until((events) => events.length >= 21);
      expectInOrder(again.events);
      expect(again.events.at(-1)).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'w-1' } } });
      expect(again.events).toHaveLength(21);
    });

    it('begins a watch with the state of all shards, and says where it ends', async () => {
      const path = `${wildcard}${cowboysPath}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
      const expected = names((await admin.get(`${wildcard}${cowboysPath}`)).body);
      await using watch = follow(services[0] ?? admin, path);
      await watch.until((events) => events.some(({ type }) => type === 'BOOKMARK'));
      const at = watch.events.findIndex(({ type }) => type === 'BOOKMARK');
      expect(
        watch.events
          .slice(0, at)
          .map(({ object }) => object.metadata.name)
          .sort(),
      ).toEqual(expected);
      expect(watch.events[at]?.object).toMatchObject({
        kind: 'Cowboy',
        metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
      });
      await done(admin.post(cowboysIn(consumer(2)), custom('Cowboy', 'late')));
      await watch.until((events) => events.some(({ object }) => object.metadata.name === 'late'));
      const empty = `${wildcard.replace('/clusters/*', `/shards/${encodeURIComponent('name=none')}/clusters/*`)}`;
      await using none = follow(services[1] ?? admin, `${empty}${path.slice(wildcard.length)}`);
      await none.until((events) => events.length === 1);
      expect(none.events[0]).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Cowboy' } });
    });

    it('narrows to the shards of a selector, and sends one consumer to its shard', async () => {
      const narrowed = wildcard.replace(
        '/clusters/*',
        `/shards/${encodeURIComponent('name in (root,shard-2)')}/clusters/*`,
      );
      const list = await admin.get(`${narrowed}${cowboysPath}`);
      const clusters = new Set(
        (field(list.body, 'items') as KubeObject[]).map(({ metadata }) => metadata.annotations?.['kcp.io/cluster']),
      );
      expect(clusters).toEqual(new Set([consumer(0).cluster, consumer(2).cluster]));
      for (const { cluster: name } of consumers) {
        const one = `${wildcard.replace('*', name)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
        expect((await admin.post(one, custom('Cowboy', 'by-provider'))).status).toBe(201);
        expect((await admin.get(`${one}/by-provider`)).status).toBe(200);
      }
    });

    it('keeps the others’ events while a shard is down, never invents a deletion, and says 410 when it is back', {
      timeout: 90_000,
    }, async () => {
      const list = await admin.get(`${wildcard}${cowboysPath}`);
      const path = `${wildcard}${cowboysPath}?watch=1&resourceVersion=${String(field(list.body, 'metadata.resourceVersion'))}`;
      const service = services[0] ?? admin;
      await using watch = follow(service, path);
      await done(admin.post(cowboysIn(consumer(2)), custom('Cowboy', 'before')));
      await watch.until((events) => events.length >= 1);
      await cluster.part('shard-2').kill('SIGKILL');
      await done(admin.post(cowboysIn(consumer(0)), custom('Cowboy', 'during')));
      await watch.until((events) => events.some(({ object }) => object.metadata.name === 'during'));
      expect(watch.events.some(({ type }) => type === 'DELETED')).toBe(false);
      const listed = await service.get(`${wildcard}${cowboysPath}`);
      expect([listed.status, listed.headers['retry-after']]).toEqual([503, '1']);
      const last = String(watch.events.at(-1)?.object.metadata.resourceVersion);
      cluster.part('shard-2').start();
      await cluster.part('shard-2').ready();
      await watch.until((events) => events.at(-1)?.type === 'ERROR');
      expect(watch.events.at(-1)?.object).toMatchObject({ code: 410 });
      await using resumed = follow(services[1] ?? admin, `${wildcard}${cowboysPath}?watch=1&resourceVersion=${last}`);
      await resumed.ended;
      const refused = await (services[1] ?? admin).get(`${wildcard}${cowboysPath}?watch=1&resourceVersion=${last}`);
      expect(refused.status, refused.text).toBe(410);
      const whole = await service.until(`${wildcard}${cowboysPath}`, ({ status }) => status === 200);
      expect(names(whole.body)).toEqual(expect.arrayContaining(['before', 'during', 'amy-2']));
    });
  },
);
