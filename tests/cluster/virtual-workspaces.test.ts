/** What a provider sees and does at the one URL of its export, with consumers on three shards. */
import type { KubeObject } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  configMap,
  configMapsOf,
  custom,
  done,
  field,
  grant,
  names,
  provide,
  rbacOf,
  slicesOf,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { Sharded, ShardName } from '../harness/sharded.ts';
import { missing, shardNames, shareInstallation } from '../harness/sharded.ts';

let sharded: Sharded;
let admin: ApiClient;

shareInstallation((started) => {
  sharded = started;
  admin = started.admin;
});

const cowboysOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
const allCowboys = '/clusters/*/apis/wild.west/v1alpha1/cowboys';
const versionOf = ({ metadata }: KubeObject) => BigInt(metadata.resourceVersion ?? '0');
const endpointOf = (slice: unknown) => field(slice, 'status.endpoints.0.url') as string | undefined;

/** A provider on one shard and a consumer on each, bound. */
async function shared(name: string, shard: ShardName, claims: readonly Claim[] = []) {
  const provider = await sharded.workspace(`${name}-provider`, shard);
  await provide(admin, provider.path, 'cowboys', 'cowboys', claims);
  const consumers = await Promise.all(
    shardNames.map(async (at) => {
      const made = await sharded.workspace(`${name}-${at}`, at);
      await bind(admin, made.path, provider.path, 'cowboys', claims.map(accepted));
      return made;
    }),
  );
  return { provider, consumers, virtual: await virtualWorkspace(admin, provider.path, 'cowboys') };
}

/** The events of a watch up to the one that is enough. */
async function eventsOf(
  client: ApiClient,
  path: string,
  enough: (events: readonly WatchEvent[]) => boolean,
  begun: () => Promise<void> = async () => undefined,
): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 15_000);
  const writing = begun();
  for await (const event of client.watch(path, stop.signal)) {
    events.push(event);
    if (enough(events)) break;
  }
  clearTimeout(timer);
  stop.abort();
  await writing;
  return events;
}

function expectInOrder(events: readonly WatchEvent[]): void {
  const versions = events.map(({ object }) => versionOf(object));
  for (const [at, version] of versions.slice(1).entries())
    expect(version > (versions[at] ?? 0n), `${version} after ${versions[at]}`).toBe(true);
}

async function slice(path: string, name: string, exportPath: string, partition?: string): Promise<void> {
  const spec = { export: { path: exportPath, name: 'cowboys' }, ...(partition === undefined ? {} : { partition }) };
  await done(
    admin.post(slicesOf(path), {
      apiVersion: 'apis.kcp.io/v1alpha1',
      kind: 'APIExportEndpointSlice',
      metadata: { name },
      spec,
    }),
  );
}

describe.skipIf(missing !== undefined)(
  `one URL for all consumers${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    it('a watch shows the objects of all consumers in one order, and goes on from any version that it showed', async () => {
      const { consumers, virtual } = await shared('order', 'shard-1');
      const from = String(field((await admin.get(`${virtual}${allCowboys}`)).body, 'metadata.resourceVersion'));
      const write = async () => {
        for (let round = 0; round < 5; round++)
          await Promise.all(
            consumers.map(async ({ path }, at) => {
              await done(admin.post(cowboysOf(path), custom('Cowboy', `c-${at}-${round}`)));
              await done(admin.patch(`${cowboysOf(path)}/c-${at}-${round}`, { spec: { intent: 'ride' } }));
              await done(admin.delete(`${cowboysOf(path)}/c-${at}-${round}`));
            }),
          );
      };
      const watch = (version: string) => `${virtual}${allCowboys}?watch=true&resourceVersion=${version}`;
      const all = await eventsOf(admin, watch(from), (events) => events.length === 45, write);
      expectInOrder(all);
      const byObject = new Map<string, string[]>();
      for (const { type, object } of all)
        byObject.set(object.metadata.name, [...(byObject.get(object.metadata.name) ?? []), type]);
      expect(byObject.size).toBe(15);
      for (const [name, types] of byObject) expect(types, name).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
      for (const at of [7, 22, 40]) {
        const version = String(all[at]?.object.metadata.resourceVersion);
        const rest = await eventsOf(admin, watch(version), (events) => events.length === 44 - at);
        expect(rest.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(
          all.slice(at + 1).map(({ type, object }) => `${type} ${object.metadata.name}`),
        );
      }
    });

    it('a watch from a list says nothing of what the list had, and what was listed is all there was', async () => {
      const { consumers, virtual } = await shared('from-list', 'root');
      const counts = { made: 0 };
      const write = async (count: number) => {
        for (let at = 0; at < count; at++) {
          const { path } = consumers[at % 3] as MadeWorkspace;
          await done(admin.post(cowboysOf(path), custom('Cowboy', `c-${counts.made++}`)));
        }
      };
      await write(9);
      const [list] = await Promise.all([admin.get(`${virtual}${allCowboys}`), write(12)]);
      const listed = names(list.body);
      const version = String(field(list.body, 'metadata.resourceVersion'));
      const events = await eventsOf(
        admin,
        `${virtual}${allCowboys}?watch=true&resourceVersion=${version}`,
        (seen) => listed.length + seen.length === 21,
      );
      expectInOrder(events);
      expect([...listed, ...events.map(({ object }) => object.metadata.name)].sort()).toEqual(
        Array.from({ length: 21 }, (_, at) => `c-${at}`).sort(),
      );
    });

    it('bookmarks say how far the merged order is, past what any shard was written last', async () => {
      const { consumers, virtual } = await shared('bookmarks', 'shard-2');
      const path = `${virtual}${allCowboys}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
      const first = await done(admin.post(cowboysOf(consumers[0]?.path ?? ''), custom('Cowboy', 'first')));
      const events = await eventsOf(admin, path, (seen) => seen.some(({ type }) => type === 'BOOKMARK'));
      const end = events.at(-1)?.object;
      expect(end?.metadata.annotations).toMatchObject({ 'k8s.io/initial-events-end': 'true' });
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
      expect(versionOf(end as KubeObject) >= versionOf(first)).toBe(true);
    });

    it('what a provider writes for a consumer on any shard it reads back at once, alone and among all', async () => {
      const { provider, consumers, virtual } = await shared('own-writes', 'root');
      await admit(admin, provider.path, 'erin');
      await grant(admin, provider.path, 'content', 'erin', [
        { apiGroups: ['apis.kcp.io'], resources: ['apiexports/content'], resourceNames: ['cowboys'], verbs: ['*'] },
      ]);
      const erin = sharded.as('erin');
      for (let round = 0; round < 4; round++)
        for (const { cluster, path } of consumers) {
          const inside = `${virtual}/clusters/${cluster}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
          const name = `own-${round}`;
          const made = await erin.post(inside, custom('Cowboy', name));
          expect(made.status, made.text).toBe(201);
          expect((await erin.get(`${inside}/${name}`)).status).toBe(200);
          const among = async () =>
            ((await erin.get(`${virtual}${allCowboys}`)).body['items'] as KubeObject[]).find(
              ({ metadata }) => metadata.name === name && metadata.annotations?.['kcp.io/cluster'] === cluster,
            );
          expect((await among())?.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion);
          const status = await erin.patch(`${inside}/${name}/status`, { status: { result: 'won' } });
          expect(status.status, status.text).toBe(200);
          expect(field(await among(), 'status.result')).toBe('won');
          expect((await admin.get(`${cowboysOf(path)}/${name}`)).status).toBe(200);
          expect((await erin.delete(`${inside}/${name}`)).status).toBe(200);
          expect(await among()).toBeUndefined();
        }
      const stranger = sharded.as('frank');
      expect((await stranger.get(`${virtual}${allCowboys}`)).status).toBe(403);
    });

    it('P16: a service account of the provider sees and writes the consumers of all shards', async () => {
      for (const shard of shardNames) {
        const { provider, consumers, virtual } = await shared(`robot-${shard}`, shard);
        const accounts = `${base(provider.path)}/api/v1/namespaces/default/serviceaccounts`;
        for (const name of ['robot', 'idler'])
          await done(admin.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }));
        await done(
          admin.post(`${rbacOf(provider.path)}/clusterroles`, {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'ClusterRole',
            metadata: { name: 'content' },
            rules: [{ apiGroups: ['apis.kcp.io'], resources: ['apiexports/content'], verbs: ['*'] }],
          }),
        );
        await done(
          admin.post(`${rbacOf(provider.path)}/clusterrolebindings`, {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'ClusterRoleBinding',
            metadata: { name: 'content' },
            subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'content' },
          }),
        );
        const clientOf = async (name: string) => {
          const made = await admin.post(`${accounts}/${name}/token`, {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {},
          });
          return sharded.client({ token: String(field(made.body, 'status.token')) });
        };
        const [robot, idler] = [await clientOf('robot'), await clientOf('idler')];
        for (const { cluster } of consumers) {
          const inside = `${virtual}/clusters/${cluster}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
          const made = await robot.post(inside, custom('Cowboy', `made-in-${cluster}`));
          expect(made.status, made.text).toBe(201);
          expect((await idler.get(inside)).status).toBe(403);
        }
        const list = await robot.get(`${virtual}${allCowboys}`);
        expect(list.status, list.text).toBe(200);
        expect(names(list.body)).toEqual(consumers.map(({ cluster }) => `made-in-${cluster}`).sort());
        expect((await idler.get(`${virtual}${allCowboys}`)).status).toBe(403);
        const version = String(field(list.body, 'metadata.resourceVersion'));
        const events = await eventsOf(
          robot,
          `${virtual}${allCowboys}?watch=true&resourceVersion=${version}`,
          (seen) => seen.length === 3,
          async () => {
            for (const { path } of consumers) await done(admin.post(cowboysOf(path), custom('Cowboy', 'seen')));
          },
        );
        expect(events.map(({ object }) => object.metadata.name)).toEqual(['seen', 'seen', 'seen']);
        expect((await robot.get(configMapsOf(consumers[1]?.path ?? ''))).status).toBe(403);
      }
    });

    it('a consumer that is deleted takes its objects out of the list and says so in the watch, wherever it is', async () => {
      const { provider, consumers, virtual } = await shared('leaving', 'shard-1');
      for (const { path } of consumers) await done(admin.post(cowboysOf(path), custom('Cowboy', 'one')));
      const list = await admin.get(`${virtual}${allCowboys}`);
      expect(names(list.body)).toEqual(['one', 'one', 'one']);
      const version = String(field(list.body, 'metadata.resourceVersion'));
      const events = await eventsOf(
        admin,
        `${virtual}${allCowboys}?watch=true&resourceVersion=${version}`,
        (seen) => seen.length === 3,
        async () => {
          for (const shard of shardNames) {
            await done(admin.delete(`${workspacesOf('root')}/leaving-${shard}`));
            await admin.until(`${workspacesOf('root')}/leaving-${shard}`, ({ status }) => status === 404);
          }
        },
      );
      expectInOrder(events);
      expect(events.map(({ type, object }) => [type, object.metadata.annotations?.['kcp.io/cluster']])).toEqual(
        consumers.map(({ cluster }) => ['DELETED', cluster]),
      );
      expect(names((await admin.get(`${virtual}${allCowboys}`)).body)).toEqual([]);
      await admin.until(`${slicesOf(provider.path)}/cowboys`, ({ body }) => endpointOf(body) === undefined);
    });

    it('P20: claimed resources of another provider are answered for, whichever shards have any of them', async () => {
      const other = await sharded.workspace('p20-other', 'shard-2');
      const identityHash = await provide(admin, other.path, 'horses', 'horses');
      const claim: Claim = { group: 'wild.west', resource: 'horses', verbs: ['*'], identityHash };
      const { consumers, virtual } = await shared('p20', 'root', [claim]);
      const url = `${virtual}/clusters/*/apis/wild.west/v1alpha1/horses`;
      const empty = await admin.get(url);
      expect(empty.status, empty.text).toBe(200);
      expect(names(empty.body)).toEqual([]);
      const horsesOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/horses`;
      for (const [at, { path }] of consumers.entries()) {
        await bind(admin, path, other.path, 'horses');
        await done(admin.post(horsesOf(path), custom('Horse', `h-${at}`)));
        const list = await admin.until(url, ({ body }) => names(body).length === at + 1);
        expect(list.status).toBe(200);
      }
      for (const { path } of consumers) await done(admin.delete(horsesOf(path)));
      await admin.until(url, ({ status, body }) => status === 200 && names(body).length === 0);
    });

    it('P42: the URL is there while anybody is bound, on whatever shard', async () => {
      const provider = await sharded.workspace('p42-provider', 'root');
      await provide(admin, provider.path, 'cowboys', 'cowboys');
      const url = `${slicesOf(provider.path)}/cowboys`;
      expect(endpointOf((await admin.get(url)).body)).toBeUndefined();
      const consumers = await Promise.all(shardNames.map((shard) => sharded.workspace(`p42-${shard}`, shard)));
      const wanted = `${sharded.cluster.url}/services/apiexport/${provider.cluster}/cowboys`;
      const unbind = async ({ path }: MadeWorkspace) => {
        await done(admin.delete(`${bindingsOf(path)}/cowboys`));
        await admin.until(`${bindingsOf(path)}/cowboys`, ({ status }) => status === 404);
      };
      for (const consumer of consumers) {
        await bind(admin, consumer.path, provider.path, 'cowboys');
        const there = await admin.until(url, ({ body }) => endpointOf(body) !== undefined);
        expect(field(there.body, 'status.endpoints')).toEqual([{ url: wanted }]);
        await unbind(consumer);
        await admin.until(url, ({ body }) => endpointOf(body) === undefined);
      }
      for (const { path } of consumers) await bind(admin, path, provider.path, 'cowboys');
      for (const consumer of consumers.slice(0, 2)) await unbind(consumer);
      await admin.until(url, ({ body }) => field(body, 'status.endpoints.length') === 1);
      await unbind(consumers[2] as MadeWorkspace);
      await admin.until(url, ({ body }) => endpointOf(body) === undefined);
    });

    it('P42: a partition narrows what the URL shows to the shards that it selects', async () => {
      const { provider, consumers } = await shared('partition', 'shard-1');
      for (const { path } of consumers) await done(admin.post(cowboysOf(path), custom('Cowboy', 'one')));
      const partitions = `${base(provider.path)}/apis/topology.kcp.io/v1alpha1/partitions`;
      for (const [at, shard] of shardNames.entries()) {
        await done(
          admin.post(partitions, {
            apiVersion: 'topology.kcp.io/v1alpha1',
            kind: 'Partition',
            metadata: { name: `only-${shard}` },
            spec: { selector: { matchLabels: { name: shard } } },
          }),
        );
        await slice(provider.path, `only-${shard}`, provider.path, `only-${shard}`);
        const there = await admin.until(
          `${slicesOf(provider.path)}/only-${shard}`,
          ({ body }) => endpointOf(body) !== undefined,
        );
        const { pathname } = new URL(endpointOf(there.body) ?? '');
        const list = await admin.get(`${pathname}${allCowboys}`);
        expect(list.status, list.text).toBe(200);
        const shown = (list.body['items'] as KubeObject[]).map(
          ({ metadata }) => metadata.annotations?.['kcp.io/cluster'],
        );
        expect(shown).toEqual([consumers[at]?.cluster]);
      }
      // With the last consumer of its shards the URL of a partition goes, while the others stay.
      await done(admin.delete(`${bindingsOf(consumers[0]?.path ?? '')}/cowboys`));
      await admin.until(`${slicesOf(provider.path)}/only-root`, ({ body }) => endpointOf(body) === undefined);
      expect(endpointOf((await admin.get(`${slicesOf(provider.path)}/only-shard-1`)).body)).toBeDefined();
    });

    it('a provider reaches nothing of a workspace on another shard that is not bound', async () => {
      const { provider, virtual } = await shared('unbound', 'root', [
        { group: '', resource: 'configmaps', verbs: ['*'] },
      ]);
      const victim = await sharded.workspace('victim', 'shard-2');
      await done(admin.post(configMapsOf(victim.path), configMap('precious')));
      await admit(admin, provider.path, 'erin');
      await bindRole(admin, provider.path, 'all', 'erin', 'cluster-admin');
      const erin = sharded.as('erin');
      for (const at of [victim.cluster, victim.path, 'root', 'system:admin']) {
        const inside = `${virtual}/clusters/${at}/api/v1/namespaces/default/configmaps`;
        for (const ask of [
          erin.get(inside),
          erin.post(inside, configMap('intruder')),
          erin.delete(`${inside}/precious`),
          erin.patch(`${inside}/precious`, { data: { a: '2' } }),
        ])
          expect([403, 404], at).toContain((await ask).status);
      }
      const list = await erin.get(`${virtual}/clusters/*/api/v1/configmaps`);
      expect(names(list.body)).not.toContain('precious');
      expect(names((await admin.get(configMapsOf(victim.path))).body)).toContain('precious');
    });
  },
);
