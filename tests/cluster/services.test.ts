/**
 * The services between shards: what the cache holds, what the front-proxy lets through, and that no
 * shard needs another to be up.
 */
import type { KubeObject } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  configMap,
  configMapsOf,
  custom,
  done,
  exportsOf,
  field,
  grant,
  logicalClusterOf,
  makeWorkspace,
  names,
  provide,
  resourceSchema,
  schemasOf,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { Sharded, ShardName } from '../harness/sharded.ts';
import { missing, onShard, portUrl, shardNames, shareInstallation, universal } from '../harness/sharded.ts';

let sharded: Sharded;
let admin: ApiClient;
let masters: ApiClient;

shareInstallation((started) => {
  sharded = started;
  ({ admin, masters } = started);
});

const cachedIn = (shard: string, cluster: string, rest: string) =>
  `/services/cache/shards/${shard}/clusters/${cluster}/apis/${rest}`;
const kinds = {
  export: 'apis.kcp.io/v1alpha2/apiexports',
  schema: 'apis.kcp.io/v1alpha1/apiresourceschemas',
  type: 'tenancy.kcp.io/v1alpha1/workspacetypes',
  shard: 'core.kcp.io/v1alpha1/shards',
} as const;

interface Copied {
  readonly url: string;
  readonly copy: string;
  readonly patch: object;
  readonly isVisible: (body: unknown) => boolean;
}

const labelled = { metadata: { labels: { changed: 'yes' } } };
const isLabelled = (body: unknown) => field(body, 'metadata.labels.changed') === 'yes';

/** What forged headers have to be worth: nothing. */
const forged = {
  'x-remote-user': 'shard-admin',
  'x-remote-group': 'system:masters',
  'x-remote-extra-authentication.kcp.io%2fscopes': 'cluster:root',
  'x-remote-uid': '1',
};

async function whoami(client: ApiClient, path: string, headers: Record<string, string> = {}): Promise<KubeObject> {
  const answer = await client.request<KubeObject>(
    'POST',
    `${base(path)}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    headers,
  );
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

describe.skipIf(missing !== undefined)(`services between shards${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('P72: exports, schemas and workspace types reach the cache, and so do changes and deletions', async () => {
    for (const shard of shardNames) {
      const { cluster, path } = await sharded.workspace(`p72-${shard}`, shard);
      await provide(admin, path, 'cowboys', 'cowboys');
      await done(
        admin.post(`${base(path)}/apis/${kinds.type}`, {
          apiVersion: 'tenancy.kcp.io/v1alpha1',
          kind: 'WorkspaceType',
          metadata: { name: 'special' },
          spec: { extend: { with: [{ name: 'universal', path: 'root' }] } },
        }),
      );
      const copied = (kind: string, name: string): Pick<Copied, 'url' | 'copy'> => ({
        url: `${base(path)}/apis/${kind}/${name}`,
        copy: `${cachedIn(shard, cluster, kind)}/${name}`,
      });
      const all: readonly Copied[] = [
        {
          ...copied(kinds.export, 'cowboys'),
          patch: { spec: { maximalPermissionPolicy: { local: {} } } },
          isVisible: (body) => field(body, 'spec.maximalPermissionPolicy.local') !== undefined,
        },
        { ...copied(kinds.schema, 'today.cowboys.wild.west'), patch: labelled, isVisible: isLabelled },
        {
          ...copied(kinds.type, 'special'),
          patch: { spec: { additionalWorkspaceLabels: { a: 'b' } } },
          isVisible: (body) => field(body, 'spec.additionalWorkspaceLabels.a') === 'b',
        },
      ];
      for (const { url, copy, patch, isVisible } of all) {
        const there = await masters.until(copy, ({ status }) => status === 200);
        const original = await admin.get(url);
        expect(field(there.body, 'spec')).toEqual(field(original.body, 'spec'));
        await masters.until(copy, ({ body }) => {
          const { annotations = {} } = (body as KubeObject).metadata;
          return annotations['cache.kcp.io/original-resource-version'] === original.body.metadata.resourceVersion;
        });
        expect(there.body.metadata.annotations).toMatchObject({
          'kcp.io/shard': shard,
          'kcp.io/cluster': cluster,
          'cache.kcp.io/original-resource-UID': original.body.metadata.uid,
        });
        await done(admin.patch(url, patch));
        await masters.until(copy, ({ body }) => isVisible(body));
        await done(admin.patch(url, { metadata: { annotations: { 'wild.west/seen': 'yes' }, ...labelled.metadata } }));
        const changed = await masters.until(copy, ({ text }) => text.includes('"wild.west/seen":"yes"'));
        expect(isLabelled(changed.body)).toBe(true);
      }
      for (const { url, copy } of all) {
        await done(admin.delete(url));
        await masters.until(copy, ({ status }) => status === 404);
      }
    }
  });

  it('P73: shards are in the cache, with their changes', async () => {
    const url = cachedIn('root', 'root', kinds.shard);
    const list = await masters.get(url);
    expect(names(list.body)).toEqual([...shardNames]);
    const original = `${base('root')}/apis/${kinds.shard}/shard-1`;
    await done(admin.patch(original, { metadata: { labels: { region: 'north' } } }));
    await masters.until(`${url}/shard-1`, ({ body }) => field(body, 'metadata.labels.region') === 'north');
    await done(admin.patch(original, { metadata: { labels: { region: null } } }));
    await masters.until(`${url}/shard-1`, ({ body }) => field(body, 'metadata.labels.region') === undefined);
  });

  it('the cache is read over one shard or all, one cluster or all, and watched', async () => {
    const made = await Promise.all(
      (['shard-1', 'shard-2'] as const).map((shard) => sharded.workspace(`wide-${shard}`, shard)),
    );
    const [second, third] = made.map(({ cluster }) => cluster);
    for (const { path } of made) await done(admin.post(schemasOf(path), resourceSchema('horses')));
    const clustersAt = async (shard: string, cluster: string) => {
      const list = await masters.get(cachedIn(shard, cluster, kinds.schema));
      expect(list.status, list.text).toBe(200);
      return ((list.body['items'] ?? []) as KubeObject[])
        .filter(({ metadata }) => metadata.name === 'today.horses.wild.west')
        .map(({ metadata }) => metadata.annotations?.['kcp.io/cluster']);
    };
    await masters.until(cachedIn('*', '*', kinds.schema), ({ text }) =>
      [second, third].every((name) => text.includes(`"kcp.io/cluster":"${name}"`)),
    );
    expect((await clustersAt('*', '*')).sort()).toEqual([second, third].sort());
    expect(await clustersAt('shard-1', '*')).toEqual([second]);
    expect(await clustersAt('*', third ?? '')).toEqual([third]);
    expect(await clustersAt('shard-1', third ?? '')).toEqual([]);
    const stop = new AbortController();
    const from = String(field((await masters.get(cachedIn('*', '*', kinds.schema))).body, 'metadata.resourceVersion'));
    const events = masters.watch(`${cachedIn('*', '*', kinds.schema)}?watch=true&resourceVersion=${from}`, stop.signal);
    await done(admin.delete(`${schemasOf(made[0]?.path ?? '')}/today.horses.wild.west`));
    for await (const { type, object } of events) {
      expect([type, object.metadata.annotations?.['kcp.io/cluster']]).toEqual(['DELETED', second]);
      break;
    }
    stop.abort();
  });

  it('P72: the cache takes no writes, shows nothing to anybody but system:masters, and keeps tenants out of it', async () => {
    const { cluster, path } = await sharded.workspace('closed', 'shard-1');
    await done(admin.post(schemasOf(path), resourceSchema('pigs')));
    const collection = cachedIn('shard-1', cluster, kinds.schema);
    const one = `${collection}/today.pigs.wild.west`;
    const there = await masters.until(one, ({ status }) => status === 200);
    for (const refused of [
      await masters.post(collection, resourceSchema('more')),
      await masters.put(one, there.body),
      await masters.patch(one, labelled),
      await masters.delete(one),
      await masters.delete(collection),
    ])
      expect(refused.status, refused.text).toBe(405);
    expect((await masters.get(one)).text).toBe(there.text);
    await grant(admin, path, 'all', 'alice', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
    const certificate = await sharded.withCertificate('CN=mallory, O=team');
    const nobody = sharded.client({});
    const direct = sharded.client({ token: 'token-of-alice' }, portUrl(sharded.cluster, 'cache-server'));
    for (const client of [sharded.as('alice'), admin, certificate, nobody, direct]) {
      for (const url of [one, collection, cachedIn('*', '*', kinds.schema)])
        expect([401, 403]).toContain((await client.get(url)).status);
      expect([401, 403]).toContain((await client.request('GET', one, undefined, forged)).status);
    }
    await done(admin.post(configMapsOf(path), configMap('private')));
    for (const kind of ['v1/configmaps', 'v1/secrets', 'apis.kcp.io/v1alpha2/apibindings'])
      expect((await masters.get(cachedIn('*', '*', kind))).status, kind).toBe(404);
  });

  it('P67: identity headers of clients are worth nothing, at the front-proxy and straight at each shard', async () => {
    const certificate = await sharded.withCertificate('CN=zoe, O=riders');
    for (const shard of shardNames) {
      const { path, cluster } = await sharded.workspace(`p67-${shard}`, shard);
      await admit(admin, path, 'bob');
      await admit(admin, path, 'zoe');
      const straight = sharded.client({ token: 'token-of-bob' }, portUrl(sharded.cluster, shard));
      for (const [client, at, name] of [
        [sharded.as('bob'), path, 'bob'],
        [certificate, path, 'zoe'],
        [straight, cluster, 'bob'],
      ] as const) {
        const me = await whoami(client, at, forged);
        expect(field(me, 'status.userInfo.username')).toBe(name);
        expect(field(me, 'status.userInfo.groups')).not.toContain('system:masters');
        expect(field(me, 'status.userInfo.extra')).toEqual(field(await whoami(client, at), 'status.userInfo.extra'));
        expect((await client.request('GET', configMapsOf(at), undefined, forged)).status).toBe(403);
      }
      for (const client of [sharded.client({}), sharded.client({}, portUrl(sharded.cluster, shard))]) {
        const plain = await client.get(configMapsOf(cluster));
        const tried = await client.request('GET', configMapsOf(cluster), undefined, {
          ...forged,
          'kcp-identity-assertion': 'e30.e30.e30',
        });
        expect([401, 403]).toContain(tried.status);
        expect([401, 403]).toContain(plain.status);
      }
    }
  });

  it('conditions: workspaces that people make are usable by path and name from the moment they are Ready, and gone when gone', async () => {
    await admit(admin, 'root', 'carol');
    await grant(admin, 'root', 'maker', 'carol', [
      { apiGroups: ['tenancy.kcp.io'], resources: ['workspaces'], verbs: ['create', 'get', 'list', 'delete'] },
      { apiGroups: ['tenancy.kcp.io'], resources: ['workspacetypes'], verbs: ['use'] },
    ]);
    const carol = sharded.as('carol');
    for (const shard of shardNames) {
      const wanted = {
        apiVersion: 'tenancy.kcp.io/v1alpha1',
        kind: 'Workspace',
        metadata: { generateName: 'carols-' },
        spec: onShard(shard),
      };
      const made = await done(carol.post(workspacesOf('root'), wanted));
      const url = `${workspacesOf('root')}/${made.metadata.name}`;
      const ready = await carol.until(url, ({ body }) => field(body, 'status.phase') === 'Ready');
      const at = [`root:${made.metadata.name}`, String(field(ready.body, 'spec.cluster'))];
      for (const place of at) {
        expect((await carol.get(logicalClusterOf(place))).status, place).toBe(200);
        expect((await carol.get(configMapsOf(place))).status, place).toBe(200);
        const bindings = (await carol.get(bindingsOf(place))).body['items'] as object[];
        for (const binding of bindings) expect(field(binding, 'status.phase')).toBe('Bound');
        expect((await sharded.as('dave').get(configMapsOf(place))).status).toBe(403);
      }
      expect((await carol.delete(url)).status).toBe(200);
      await carol.until(url, ({ status }) => status === 404);
      for (const place of at) {
        const gone = await carol.get(configMapsOf(place));
        expect(gone.status, gone.text).toBe(403);
      }
    }
  });

  it('unknown paths and names get one answer, for all users and whatever the path looks like', async () => {
    for (const client of [admin, sharded.as('dave'), await sharded.withCertificate('CN=zoe')])
      for (const place of [
        'root:nowhere',
        'root:nowhere:deeper',
        '1a2b3c4d5e6f7g8h',
        'nobody',
        'root:',
        'ROOT',
        'a%2Fb',
      ]) {
        const answer = await client.get(`${base(place)}/api/v1/namespaces`);
        expect(answer.status, `${place}: ${answer.text}`).toBe(403);
      }
    expect((await admin.get('/clusters/root/clusters/root/api')).status).toBe(404);
  });

  it('P49: a service account without /clusters in its path is at home where its token says, on any shard', async () => {
    for (const shard of shardNames) {
      const { path, cluster } = await sharded.workspace(`sa-${shard}`, shard);
      const accounts = `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
      const account = async (name: string) => {
        await done(admin.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }));
        const made = await admin.post(`${accounts}/${name}/token`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {},
        });
        return sharded.client({ token: String(field(made.body, 'status.token')) });
      };
      const robot = await account('robot');
      const own = '/api/v1/namespaces/default/configmaps';
      expect((await robot.get(own)).status).toBe(403);
      await bindRole(admin, path, 'robot', 'system:serviceaccount:default:robot', 'cluster-admin');
      await done(robot.post(own, configMap('by-robot')));
      expect(names((await robot.get(own)).body)).toContain('by-robot');
      expect(names((await admin.get(configMapsOf(cluster))).body)).toContain('by-robot');
      const elsewhere = await Promise.all(
        shardNames.map((other) => sharded.workspace(`sa-${shard}-abroad-${other}`, other)),
      );
      // Known on every shard, with no rights but those of everybody.
      for (const abroad of elsewhere) expect((await robot.get(configMapsOf(abroad.path))).status).toBe(403);
      const leaver = await account('leaver');
      await done(admin.delete(`${accounts}/leaver`));
      for (const url of [own, ...elsewhere.map((abroad) => configMapsOf(abroad.path))])
        expect((await leaver.get(url)).status, url).toBe(401);
    }
  });

  it('conditions: health of every part that clients reach is steady under load', async () => {
    const clients = ['front-proxy-1', ...shardNames, 'cache-server', 'virtual-workspaces'].map((part) =>
      sharded.client({}, portUrl(sharded.cluster, part)),
    );
    const { path } = await sharded.workspace('load', 'shard-1');
    await Promise.all([
      ...clients.flatMap((client) =>
        Array.from({ length: 10 }, async () => {
          for (const url of ['/livez', '/readyz', '/livez', '/readyz'])
            expect((await client.get(url)).status).toBe(200);
        }),
      ),
      ...Array.from({ length: 60 }, (_, at) => done(admin.post(configMapsOf(path), configMap(`load-${at}`)))),
    ]);
  });

  it('while the shard of root hangs, nobody else does', { timeout: 60_000 }, async () => {
    const [provider, consumer] = [
      await sharded.workspace('hang-provider', 'shard-1'),
      await sharded.workspace('hang-consumer', 'shard-2'),
    ];
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    const root = sharded.cluster.part('root');
    root.pause();
    try {
      for (let round = 0; round < 20; round++)
        await done(admin.post(configMapsOf(consumer.path), configMap(`hang-${round}`)));
      await bind(admin, consumer.path, provider.path, 'cowboys');
      for (const shard of ['shard-1', 'shard-2']) {
        const child = await makeWorkspace(admin, consumer.path, `below-${shard}`, onShard(shard));
        expect((await admin.get(configMapsOf(child.path))).status).toBe(200);
        await done(admin.delete(`${workspacesOf(consumer.path)}/below-${shard}`));
        await admin.until(`${workspacesOf(consumer.path)}/below-${shard}`, ({ status }) => status === 404);
      }
      // Meant for the shard that hangs: it waits, and nobody with it.
      await done(
        admin.post(workspacesOf(consumer.path), {
          apiVersion: 'tenancy.kcp.io/v1alpha1',
          kind: 'Workspace',
          metadata: { name: 'patient' },
          spec: onShard('root'),
        }),
      );
      expect((await admin.get('/readyz')).status).toBe(200);
    } finally {
      root.resume();
    }
    await admin.until(configMapsOf('root'), ({ status }) => status === 200);
    await admin.until(`${workspacesOf(consumer.path)}/patient`, ({ body }) => field(body, 'status.phase') === 'Ready');
  });

  it('without the shard of root, everything that is not in root goes on', { timeout: 60_000 }, async () => {
    const [provider, consumer] = [
      await sharded.workspace('alone-provider', 'shard-1'),
      await sharded.workspace('alone-consumer', 'shard-2'),
    ];
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    const early = await sharded.workspace('early', 'shard-1');
    await bind(admin, early.path, provider.path, 'cowboys');
    const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
    const cowboysIn = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
    await admit(admin, consumer.path, 'frank');
    await bindRole(admin, consumer.path, 'all', 'frank', 'cluster-admin');
    await grant(admin, provider.path, 'binder', 'frank', [
      { apiGroups: ['apis.kcp.io'], resources: ['apiexports'], resourceNames: ['cowboys'], verbs: ['bind'] },
    ]);
    const root = sharded.cluster.part('root');
    await root.kill('SIGKILL');
    try {
      const frank = sharded.as('frank');
      for (let round = 0; round < 20; round++) {
        await done(frank.post(configMapsOf(consumer.path), configMap(`alone-${round}`)));
        expect((await frank.get(`${configMapsOf(consumer.path)}/alone-${round}`)).status).toBe(200);
      }
      await bind(frank, consumer.path, provider.path, 'cowboys');
      await done(frank.post(cowboysIn(consumer.path), custom('Cowboy', 'alone')));
      await done(
        admin.post(`${virtual}/clusters/${consumer.cluster}/apis/wild.west/v1alpha1/namespaces/default/cowboys`, {
          ...custom('Cowboy', 'by-provider'),
        }),
      );
      for (const { path } of [provider, consumer])
        for (const shard of ['shard-1', 'shard-2'] satisfies readonly ShardName[]) {
          const child = await makeWorkspace(admin, path, `below-${shard}`, onShard(shard));
          await done(admin.post(configMapsOf(child.path), configMap('alone')));
          await done(admin.delete(`${workspacesOf(path)}/below-${shard}`));
          await admin.until(`${workspacesOf(path)}/below-${shard}`, ({ status }) => status === 404);
        }
      // Asking for no shard in particular, it is made on one that is up.
      const anywhere = await makeWorkspace(admin, provider.path, 'anywhere', universal);
      expect((await admin.get(configMapsOf(anywhere.path))).status).toBe(200);
      const asked = await admin.get(configMapsOf('root'));
      expect([asked.status, asked.headers['retry-after']]).toEqual([503, '1']);
      expect((await admin.get('/readyz')).status).toBe(200);
    } finally {
      root.start();
    }
    await root.ready();
    await admin.until(configMapsOf('root'), ({ status }) => status === 200);
    await makeWorkspace(admin, 'root', 'afterwards', universal);
    const list = await admin.until(
      `${virtual}/clusters/*/apis/wild.west/v1alpha1/cowboys`,
      ({ status }) => status === 200,
    );
    expect(names(list.body)).toEqual(['alone', 'by-provider']);
    expect((await admin.get(`${exportsOf(provider.path)}/cowboys`)).status).toBe(200);
  });
});
