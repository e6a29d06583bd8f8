/**
 * Exports on one shard, consumers on others: binding, changes, deletion of either side, and who may
 * bind.
 */
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindingTo,
  bindRole,
  condition,
  configMap,
  configMapsOf,
  custom,
  done,
  exportOf,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  rejected,
  resourceSchema,
  schemasOf,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { Sharded, User } from '../harness/sharded.ts';
import { missing, onShard, shardNames, shareInstallation, universal } from '../harness/sharded.ts';

let sharded: Sharded;
let admin: ApiClient;

shareInstallation((started) => {
  sharded = started;
  ({ admin } = started);
});

const cowboysOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
const configMaps: Claim = { group: '', resource: 'configmaps', verbs: ['*'] };
const isBound = ({ body }: { readonly body: unknown }) => field(body, 'status.phase') === 'Bound';

/** One workspace on each shard. */
function onEach(name: string): Promise<readonly MadeWorkspace[]> {
  return Promise.all(shardNames.map((shard) => sharded.workspace(`${name}-${shard}`, shard)));
}

/**
 * Asks again until the answer has that status; what one shard decides reaches the others with its
 * feed.
 */
async function untilStatus(ask: () => Promise<{ status: number; text: string }>, wanted: number): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const { status, text } = await ask();
    if (status === wanted) return;
    if (performance.now() > end) throw new Error(`never answered ${wanted}; the last answer was ${status} ${text}`);
  }
}

/** Somebody's own workspace, in which they may do everything. */
async function home(user: User, name: string, shard: (typeof shardNames)[number]): Promise<MadeWorkspace> {
  const made = await sharded.workspace(name, shard);
  await admit(admin, made.path, user);
  await bindRole(admin, made.path, 'all', user, 'cluster-admin');
  return made;
}

const mayBind = (name: string) => [
  { apiGroups: ['apis.kcp.io'], resources: ['apiexports'], resourceNames: [name], verbs: ['bind'] },
];

describe.skipIf(missing !== undefined)(`binding over shards${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('an export can be bound from any shard as soon as it was made, at the first attempt', async () => {
    for (const shard of shardNames) {
      const consumers = await onEach(`at-once-${shard}`);
      const provider = await sharded.workspace(`at-once-of-${shard}`, shard);
      await provide(admin, provider.path, 'cowboys', 'cowboys');
      await Promise.all(
        consumers.map(async ({ path }, at) => {
          await bind(admin, path, provider.path, 'cowboys');
          const made = await admin.post(cowboysOf(path), custom('Cowboy', `c-${at}`, { spec: { intent: 'ride' } }));
          expect(made.status, made.text).toBe(201);
          expect((await admin.get(`${base(path)}/apis/wild.west/v1alpha1`)).status).toBe(200);
          expect((await admin.get(`${base(path)}/openapi/v3`)).text).toContain('apis/wild.west/v1alpha1');
        }),
      );
      expect((await admin.get(`${base(provider.path)}/apis/wild.west/v1alpha1`)).status).toBe(404);
    }
  });

  it('P1: a binding may be there before the schema of its export, on any shard, and is bound when that comes', async () => {
    const provider = await sharded.workspace('later-provider', 'shard-1');
    const consumers = await onEach('later');
    await done(admin.post(exportsOf(provider.path), exportOf('cows', { resources: [{ plural: 'cows' }] })));
    for (const { path } of consumers) {
      const made = await admin.post(bindingsOf(path), bindingTo('later', provider.path, 'cows'));
      expect(made.status, made.text).toBe(201);
      const moved = await admin.patch(`${bindingsOf(path)}/later`, {
        spec: { reference: { export: { name: 'other' } } },
      });
      expect(moved.text).toContain('APIExport reference must not be changed');
      expect(isBound(await admin.get(`${bindingsOf(path)}/later`))).toBe(false);
    }
    await done(admin.post(schemasOf(provider.path), resourceSchema('cows')));
    for (const { path } of consumers) await admin.until(`${bindingsOf(path)}/later`, isBound);
  });

  it('a changed schema reaches the consumers on all shards, whose objects stay', async () => {
    const provider = await sharded.workspace('schema-provider', 'shard-2');
    const consumers = await onEach('schema');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    for (const { path } of consumers) {
      await bind(admin, path, provider.path, 'cowboys');
      await done(admin.post(cowboysOf(path), custom('Cowboy', 'old', { spec: { intent: 'ride', hat: 'white' } })));
    }
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { intent: { type: 'string' }, hat: { type: 'string' } } } },
    };
    const next = resourceSchema('cowboys', { schema });
    await done(admin.post(schemasOf(provider.path), { ...next, metadata: { name: 'tomorrow.cowboys.wild.west' } }));
    const resources = [
      { name: 'cowboys', group: 'wild.west', schema: 'tomorrow.cowboys.wild.west', storage: { crd: {} } },
    ];
    await done(admin.patch(`${exportsOf(provider.path)}/cowboys`, { spec: { resources } }));
    for (const { path } of consumers) {
      await admin.until(`${bindingsOf(path)}/cowboys`, ({ text }) => text.includes('tomorrow.cowboys.wild.west'));
      const made = await done(
        admin.post(cowboysOf(path), custom('Cowboy', 'new', { spec: { intent: 'ride', hat: 'black' } })),
      );
      expect(field(made, 'spec.hat')).toBe('black');
      const old = await admin.get(`${cowboysOf(path)}/old`);
      expect(field(old.body, 'spec')).toEqual({ intent: 'ride' });
    }
  });

  it('the schemas that a workspace has bound are shown by the shard that has the workspace, through the front-proxy', async () => {
    const provider = await sharded.workspace('schemas-provider', 'root');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    for (const { path, cluster } of await onEach('schemas')) {
      await bind(admin, path, provider.path, 'cowboys');
      const schemas = `/services/apiresourceschema/${cluster}/clusters/*/apis/apis.kcp.io/v1alpha1/apiresourceschemas`;
      const theirs = names(await done(admin.get(schemas))).filter((name) => name.endsWith('.cowboys.wild.west'));
      expect(theirs).toHaveLength(1);
      await done(admin.get(`${schemas}/${theirs[0]}`));
    }
  });

  it('after the export is gone its objects stay on every shard, and bindings and consumers can be deleted', async () => {
    const provider = await sharded.workspace('gone-provider', 'root');
    const consumers = await onEach('gone');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    for (const { path } of consumers) {
      await bind(admin, path, provider.path, 'cowboys');
      await done(admin.post(cowboysOf(path), custom('Cowboy', 'left')));
    }
    await done(admin.delete(`${exportsOf(provider.path)}/cowboys`));
    for (const { path } of consumers) {
      await admin.until(
        `${bindingsOf(path)}/cowboys`,
        ({ body }) => condition(body, 'APIExportValid')?.startsWith('False') === true,
      );
      expect(names((await admin.get(cowboysOf(path))).body)).toEqual(['left']);
    }
    for (const { path } of consumers.slice(0, 2)) {
      await done(admin.delete(`${bindingsOf(path)}/cowboys`));
      await admin.until(`${bindingsOf(path)}/cowboys`, ({ status }) => status === 404);
      expect((await admin.get(cowboysOf(path))).status).toBe(404);
    }
    const last = `${workspacesOf('root')}/gone-shard-2`;
    await done(admin.delete(last));
    await admin.until(last, ({ status }) => status === 404);
  });

  it('the workspace of a provider can be deleted while consumers on all shards are bound, and theirs after it', async () => {
    const provider = await sharded.workspace('left-provider', 'shard-1');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    const consumers = await onEach('left');
    for (const { path } of consumers) {
      await bind(admin, path, provider.path, 'cowboys');
      await done(admin.post(cowboysOf(path), custom('Cowboy', 'left')));
    }
    const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
    const remove = async (name: string) => {
      await done(admin.delete(`${workspacesOf('root')}/${name}`));
      await admin.until(`${workspacesOf('root')}/${name}`, ({ status }) => status === 404);
    };
    await remove('left-provider');
    expect((await admin.get(`${virtual}/clusters/*/apis/wild.west/v1alpha1/cowboys`)).status).toBe(404);
    for (const { path } of consumers) {
      await admin.until(
        `${bindingsOf(path)}/cowboys`,
        ({ body }) => condition(body, 'APIExportValid') === 'False/APIExportNotFound',
      );
      expect(names((await admin.get(cowboysOf(path))).body)).toEqual(['left']);
    }
    for (const shard of shardNames) await remove(`left-${shard}`);
  });

  it('deleting a binding takes its objects with it on its own shard alone', async () => {
    const provider = await sharded.workspace('unbind-provider', 'shard-1');
    const consumers = await onEach('unbind');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    for (const { path } of consumers) {
      await bind(admin, path, provider.path, 'cowboys');
      await done(admin.post(cowboysOf(path), custom('Cowboy', 'one')));
    }
    const [first, second] = [consumers[0]?.path ?? '', consumers[1]?.path ?? ''];
    await done(admin.delete(`${bindingsOf(first)}/cowboys`));
    await admin.until(`${bindingsOf(first)}/cowboys`, ({ status }) => status === 404);
    expect(names((await admin.get(cowboysOf(second))).body)).toEqual(['one']);
    await bind(admin, first, provider.path, 'cowboys');
    expect(names((await admin.get(cowboysOf(first))).body)).toEqual([]);
  });

  it('claims of an export on another shard give nothing until they are accepted, and nothing once rejected', async () => {
    const provider = await sharded.workspace('claims-provider', 'root');
    await provide(admin, provider.path, 'cowboys', 'cowboys', [configMaps]);
    const consumers = await onEach('claims');
    for (const { path } of consumers) {
      await bind(admin, path, provider.path, 'cowboys', [rejected(configMaps)]);
      await done(admin.post(configMapsOf(path), configMap('mine')));
    }
    const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
    const everywhere = `${virtual}/clusters/*/api/v1/configmaps`;
    const inside = ({ cluster }: MadeWorkspace) =>
      `${virtual}/clusters/${cluster}/api/v1/namespaces/default/configmaps`;
    expect(names((await admin.get(everywhere)).body)).toEqual([]);
    for (const consumer of consumers)
      expect((await admin.post(inside(consumer), configMap('theirs'))).status).toBe(403);
    for (const consumer of consumers) {
      const url = `${bindingsOf(consumer.path)}/cowboys`;
      await done(admin.patch(url, { spec: { permissionClaims: [accepted(configMaps)] } }));
      await admin.until(url, ({ body }) => condition(body, 'PermissionClaimsApplied') === 'True');
      await untilStatus(() => admin.post(inside(consumer), configMap('theirs')), 201);
      expect(names((await admin.get(configMapsOf(consumer.path))).body)).toContain('theirs');
    }
    const mine = (list: unknown) => names(list).filter((name) => name === 'mine').length;
    await admin.until(everywhere, ({ body }) => mine(body) === 3);
    const second = consumers[1] ?? { path: '', cluster: '' };
    await done(
      admin.patch(`${bindingsOf(second.path)}/cowboys`, { spec: { permissionClaims: [rejected(configMaps)] } }),
    );
    await admin.until(everywhere, ({ body }) => mine(body) === 2);
    await untilStatus(() => admin.post(inside(second), configMap('more')), 403);
  });

  it('who may not bind is refused on every shard, who may binds at once, and who may no more is refused soon', async () => {
    const provider = await sharded.workspace('bind-provider', 'shard-1');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    await grant(admin, provider.path, 'binder', 'alice', mayBind('cowboys'));
    for (const shard of shardNames) {
      const consumer = await home('alice', `bind-${shard}`, shard);
      await admit(admin, consumer.path, 'bob');
      await bindRole(admin, consumer.path, 'all-of-bob', 'bob', 'cluster-admin');
      const wanted = bindingTo('cowboys', provider.path, 'cowboys');
      const refused = await sharded.as('bob').post(bindingsOf(consumer.path), wanted);
      expect(refused.status, refused.text).toBe(403);
      expect(refused.text).toContain(`no permission to bind to export ${provider.path}:cowboys`);
      const alice = sharded.as('alice');
      await bind(alice, consumer.path, provider.path, 'cowboys');
      await done(alice.delete(`${bindingsOf(consumer.path)}/cowboys`));
      await alice.until(`${bindingsOf(consumer.path)}/cowboys`, ({ status }) => status === 404);
    }
    // Given to bob, it is good on every shard at the first attempt.
    await bindRole(admin, provider.path, 'binder-bob', 'bob', 'binder');
    for (const shard of shardNames) {
      const at = `root:bind-${shard}`;
      await bind(sharded.as('bob'), at, provider.path, 'cowboys');
      await done(sharded.as('bob').delete(`${bindingsOf(at)}/cowboys`));
      await admin.until(`${bindingsOf(at)}/cowboys`, ({ status }) => status === 404);
    }
    await done(admin.delete(`${rbacOf(provider.path)}/clusterrolebindings/binder-bob`));
    await done(admin.delete(`${rbacOf(provider.path)}/clusterroles/binder`));
    for (const shard of shardNames)
      for (const user of ['alice', 'bob'] as const) {
        let round = 0;
        await untilStatus(async () => {
          const name = `again-${user}-${++round}`;
          const wanted = bindingTo(name, provider.path, 'cowboys');
          return sharded.as(user).post(`${bindingsOf(`root:bind-${shard}`)}?dryRun=All`, wanted);
        }, 403);
      }
  });

  it('a certificate through the front-proxy is the same user on every shard', async () => {
    const provider = await sharded.workspace('cert-provider', 'shard-2');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    const zoe = await sharded.withCertificate('CN=zoe, O=riders');
    await grant(admin, provider.path, 'binder', 'zoe', mayBind('cowboys'));
    for (const shard of shardNames) {
      const { path } = await sharded.workspace(`cert-${shard}`, shard);
      expect((await zoe.get(configMapsOf(path))).status).toBe(403);
      await admit(admin, path, 'zoe');
      await bindRole(admin, path, 'all', 'zoe', 'cluster-admin');
      await bind(zoe, path, provider.path, 'cowboys');
      const review = await zoe.post(`${base(path)}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      });
      expect(field(review.body, 'status.userInfo.username')).toBe('zoe');
      expect(field(review.body, 'status.userInfo.groups')).toEqual(['riders', 'system:authenticated']);
    }
  });

  it('P15: the policy of a provider on another shard bounds even the administrator of a consumer', async () => {
    const provider = await sharded.workspace('policy-provider', 'root');
    await provide(admin, provider.path, 'cowboys', 'cowboys');
    await done(
      admin.patch(`${exportsOf(provider.path)}/cowboys`, { spec: { maximalPermissionPolicy: { local: {} } } }),
    );
    await grant(admin, provider.path, 'binder', 'carol', mayBind('cowboys'));
    const rules = (verbs: readonly string[]) => [{ apiGroups: ['wild.west'], resources: ['cowboys'], verbs }];
    await grant(admin, provider.path, 'policy', 'apis.kcp.io:binding:carol', rules(['create', 'get', 'list']));
    const carol = sharded.as('carol');
    for (const shard of shardNames) {
      const { path } = await home('carol', `policy-${shard}`, shard);
      await bind(carol, path, provider.path, 'cowboys');
      expect((await carol.post(cowboysOf(path), custom('Cowboy', 'bound'))).status).toBe(201);
      expect((await carol.get(cowboysOf(path))).status).toBe(200);
      const refused = await carol.delete(`${cowboysOf(path)}/bound`);
      expect(refused.status, refused.text).toBe(403);
      expect((await carol.get(configMapsOf(path))).status).toBe(200);
    }
    await done(admin.patch(`${rbacOf(provider.path)}/clusterroles/policy`, { rules: rules(['*']) }));
    for (const shard of shardNames)
      await untilStatus(() => carol.delete(`${cowboysOf(`root:policy-${shard}`)}/bound`), 200);
  });

  it('default bindings are maintained wherever the type, the export and the workspace are', async () => {
    const types = await sharded.workspace('maintaining', 'shard-1');
    const provider = await sharded.workspace('maintained', 'shard-2');
    const claims = (resource: string) => [{ group: '', resource, verbs: ['*'] }];
    for (const plural of ['mules', 'goats']) await provide(admin, provider.path, plural, plural, claims('configmaps'));
    const url = `${base(types.path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
    const spec = (...exports: string[]) => ({
      defaultAPIBindings: exports.map((each) => ({ path: provider.path, export: each })),
      defaultAPIBindingLifecycle: 'Maintain',
      extend: { with: [{ name: 'universal', path: 'root' }] },
    });
    const type = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'WorkspaceType', metadata: { name: 'with-mules' } };
    await done(admin.post(url, { ...type, spec: spec('mules') }));
    const made = await Promise.all(
      shardNames.map((shard) =>
        makeWorkspace(admin, 'root', `mules-${shard}`, {
          ...onShard(shard),
          type: { name: 'with-mules', path: types.path },
        }),
      ),
    );
    const until = (path: string, wanted: readonly string[]) =>
      admin.until(bindingsOf(path), ({ body }) => {
        const found = (body['items'] as object[])
          .filter((item) => field(item, 'spec.reference.export.path') === provider.path)
          .filter((item) => field(item, 'status.phase') === 'Bound')
          .map(
            (item) => `${field(item, 'spec.reference.export.name')} ${field(item, 'spec.permissionClaims.0.resource')}`,
          );
        return JSON.stringify(found.sort()) === JSON.stringify([...wanted].sort());
      });
    for (const { path } of made) await until(path, ['mules configmaps']);
    await done(admin.patch(`${exportsOf(provider.path)}/mules`, { spec: { permissionClaims: claims('secrets') } }));
    for (const { path } of made) await until(path, ['mules secrets']);
    await done(admin.patch(`${url}/with-mules`, { spec: spec('mules', 'goats') }));
    for (const { path } of made) await until(path, ['mules secrets', 'goats configmaps']);
  });

  it('P44: default bindings of a type are bound wherever the type, the export and the workspace are', async () => {
    const [types, provider] = [await sharded.workspace('types', 'shard-1'), await sharded.workspace('far', 'shard-2')];
    await provide(admin, provider.path, 'horses', 'horses');
    const url = `${base(types.path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
    const type = (name: string, exported: string) => ({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'WorkspaceType',
      metadata: { name },
      spec: {
        defaultAPIBindings: [{ path: provider.path, export: exported }],
        extend: { with: [{ name: 'universal', path: 'root' }] },
      },
    });
    await done(admin.post(url, type('with-horses', 'horses')));
    const refused = await admin.post(url, type('with-nothing', 'nothing'));
    expect(refused.status).toBe(403);
    expect(refused.text).toContain(`no permission to bind to export ${provider.path}:nothing`);
    for (const shard of shardNames) {
      // The type was made a moment ago, and nobody asks twice.
      const made = await makeWorkspace(admin, 'root', `riders-${shard}`, {
        ...onShard(shard),
        type: { name: 'with-horses', path: types.path },
      });
      const bindings = (await admin.get(bindingsOf(made.path))).body['items'] as object[];
      const found = bindings.find((item) => field(item, 'spec.reference.export.name') === 'horses');
      expect(field(found, 'status.phase')).toBe('Bound');
      expect((await admin.get(`${base(made.path)}/apis/wild.west/v1alpha1/horses`)).status).toBe(200);
    }
    // Who may not use the type is refused on every shard.
    for (const shard of shardNames) {
      const own = await home('dave', `daves-${shard}`, shard);
      const wanted = {
        apiVersion: 'tenancy.kcp.io/v1alpha1',
        kind: 'Workspace',
        metadata: { name: 'mine' },
        spec: { type: { name: 'with-horses', path: types.path } },
      };
      const answer = await sharded.as('dave').post(workspacesOf(own.path), wanted);
      expect(answer.status, answer.text).toBe(403);
      expect(answer.text).toContain("verb='use'");
      const plain = { ...wanted, spec: universal };
      expect((await sharded.as('dave').post(workspacesOf(own.path), plain)).status).toBe(201);
    }
  });
});
