/**
 * What the paths of a WorkspaceType mean: never what somebody else makes under them later, and
 * nothing that their author may not know.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  admit,
  base,
  bindingsOf,
  bindRole,
  done,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  typesOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
/** The attacker: cluster-admin of `evil`, without rights in other workspaces. */
let mallory: ApiClient;
let evil: MadeWorkspace;
let serial = 0;

const universal = { type: { path: 'root', name: 'universal' } };
const fresh = (name: string) => `${name}-${++serial}`;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  mallory = server.as('user-1');
  evil = await makeWorkspace(admin, 'root', 'evil', universal);
  await admit(admin, evil.path, 'user-1');
  await bindRole(admin, evil.path, 'all', 'user-1', 'cluster-admin');
});

afterAll(() => server[Symbol.asyncDispose]());

describe('workspace types', () => {
  const typeOf = (name: string, spec: object) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'WorkspaceType',
    metadata: { name },
    spec,
  });
  const own = { path: 'root', name: 'universal' };
  const secretsClaim: Claim = { group: '', resource: 'secrets', verbs: ['*'] };

  it('bind and extend what their paths meant, and nothing that is made again under such a path', async () => {
    const org = await makeWorkspace(admin, 'root', fresh('org'), universal);
    const first = await makeWorkspace(admin, org.path, 'provider', universal);
    const provider = { path: first.path };
    await provide(admin, first.path, 'gizmos', 'gizmos', [], { group: 'gizmos.io' });
    await done(admin.post(typesOf(first.path), typeOf('base', { extend: { with: [own] } })));
    const binding = { ...provider, export: 'gizmos' };
    for (const [name, spec] of [
      ['binding', { extend: { with: [own] }, defaultAPIBindings: [binding] }],
      ['extending', { extend: { with: [{ ...provider, name: 'base' }] } }],
    ] as const)
      await done(admin.post(typesOf(org.path), typeOf(name, spec)));
    const before = await makeWorkspace(admin, org.path, 'before', { type: { path: org.path, name: 'binding' } });
    await admin.until(`${base(before.path)}/apis/gizmos.io`, ({ status }) => status === 200);

    await done(admin.delete(`${workspacesOf(org.path)}/provider`));
    await admin.until(`${workspacesOf(org.path)}/provider`, ({ status }) => status === 404);
    const second = await makeWorkspace(admin, org.path, 'provider', universal);
    await admit(admin, second.path, 'user-1');
    await bindRole(admin, second.path, 'all', 'user-1', 'cluster-admin');
    await provide(mallory, second.path, 'gizmos', 'gizmos', [secretsClaim], { group: 'gizmos.io' });
    await done(
      mallory.post(typesOf(second.path), typeOf('base', { extend: { with: [own] }, defaultAPIBindings: [binding] })),
    );
    // An update of the type does not mean the new workspace either.
    await done(admin.patch(`${typesOf(org.path)}/binding`, { metadata: { labels: { touched: 'yes' } } }));
    const workspace = (type: string) => ({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name: type },
      spec: { type: { path: org.path, name: type } },
    });
    expect((await admin.post(workspacesOf(org.path), workspace('extending'))).status).toBe(403);
    await done(admin.post(workspacesOf(org.path), workspace('binding')));
    const made = await admin.until(
      `${workspacesOf(org.path)}/binding`,
      ({ body }) => field(body, 'spec.cluster') !== undefined,
    );
    const bindings = bindingsOf(String(field(made.body, 'spec.cluster')));
    const left = await admin.until(bindings, ({ body }) => JSON.stringify(body).includes('APIExportNotFound'));
    expect(JSON.stringify(left.body)).not.toMatch(second.cluster);
    const view = `/services/apiexport/${second.cluster}/gizmos/clusters/*/api/v1/secrets`;
    expect(names((await mallory.get(view)).body)).toEqual([]);
  });

  it('of workspaces, and of those that wait for a shard, are the ones that were admitted, and none that is made again under their path', async () => {
    const org = await makeWorkspace(admin, 'root', fresh('org'), universal);
    const first = await makeWorkspace(admin, org.path, 'types', universal);
    const spec = { extend: { with: [own] }, defaultChildWorkspaceType: own };
    await done(admin.post(typesOf(first.path), typeOf('team', spec)));
    const limit = { limitAllowedChildren: { types: [{ path: first.path, name: 'team' }] } };
    await done(admin.post(typesOf(org.path), typeOf('limiting', { extend: { with: [own] }, ...limit })));
    const team = { type: { path: first.path, name: 'team' } };
    const victim = await makeWorkspace(admin, org.path, 'victim', team);
    const limiting = await makeWorkspace(admin, org.path, 'limiting', { type: { path: org.path, name: 'limiting' } });
    await makeWorkspace(admin, limiting.path, 'before', team);
    const planet = fresh('planet');
    const location = { selector: { matchLabels: { planet } } };
    const workspace = (name: string, more: object) => ({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name },
      spec: more,
    });
    await done(admin.post(workspacesOf(org.path), workspace('waiting', { ...team, location })));

    await done(admin.delete(`${workspacesOf(org.path)}/types`));
    await admin.until(`${workspacesOf(org.path)}/types`, ({ status }) => status === 404);
    const second = await makeWorkspace(admin, org.path, 'types', universal);
    await admit(admin, second.path, 'user-1');
    await bindRole(admin, second.path, 'all', 'user-1', 'cluster-admin');
    await provide(mallory, second.path, 'gizmos', 'gizmos', [secretsClaim], { group: 'gizmos.io' });
    const evilSpec = { extend: { with: [own] }, defaultAPIBindings: [{ path: second.path, export: 'gizmos' }] };
    await done(mallory.post(typesOf(second.path), typeOf('evil', evilSpec)));
    const child = { defaultChildWorkspaceType: { path: second.path, name: 'evil' } };
    await done(mallory.post(typesOf(second.path), typeOf('team', { ...evilSpec, ...child })));

    // The type of the parent is not the stranger's: what it would give a child is not given.
    const inherited = await admin.post(workspacesOf(victim.path), workspace('child', {}));
    expect(inherited.status, inherited.text).toBe(403);
    expect(inherited.text).toContain('parent type cannot be resolved');
    // Nor does a limit mean it.
    const limited = await admin.post(workspacesOf(limiting.path), workspace('after', team));
    expect(limited.status, limited.text).toBe(403);

    const shards = `${base('root')}/apis/core.kcp.io/v1alpha1/shards`;
    const shard = names((await admin.get(shards)).body).at(-1) ?? '';
    await done(admin.post(workspacesOf(org.path), workspace('behind', { ...universal, location })));
    await done(admin.patch(`${shards}/${shard}`, { metadata: { labels: { planet } } }));
    await admin.until(`${workspacesOf(org.path)}/behind`, ({ body }) => field(body, 'status.phase') === 'Ready');
    const waiting = await admin.get(`${workspacesOf(org.path)}/waiting`);
    expect(field(waiting.body, 'spec.cluster')).toBeUndefined();
    const view = `/services/apiexport/${second.cluster}/gizmos/clusters/*/api/v1/secrets`;
    expect(names((await mallory.get(view)).body)).toEqual([]);
    await done(admin.patch(`${shards}/${shard}`, { metadata: { labels: { planet: null } } }));
  });

  it('tell their author nothing of workspaces that it may not enter, not when they are written and not later', async () => {
    const hidden = await makeWorkspace(admin, 'root', fresh('hidden'), universal);
    const nowhere = `root:${fresh('nowhere')}`;
    const specs = (path: string): readonly object[] => [
      { extend: { with: [{ path, name: 'none' }] } },
      { limitAllowedChildren: { types: [{ path, name: 'none' }] } },
      { limitAllowedParents: { types: [{ path, name: 'none' }] } },
      { defaultChildWorkspaceType: { path, name: 'none' } },
      { defaultAPIBindings: [{ path, export: 'none' }] },
    ];
    /**
     * All that is answered where a path is named: as it is written, changed by others, and used.
     * The path itself is cut out.
     */
    async function answerOn(path: string): Promise<string> {
      const answers: string[] = [];
      for (const spec of specs(path)) {
        const name = 'naming';
        const workspace = {
          apiVersion: 'tenancy.kcp.io/v1alpha1',
          kind: 'Workspace',
          metadata: { name },
          spec: { type: { path: evil.path, name } },
        };
        const written = await mallory.post(typesOf(evil.path), typeOf(name, spec));
        const touched = await admin.patch(`${typesOf(evil.path)}/${name}`, {
          metadata: { labels: { touched: 'yes' } },
        });
        const again = await mallory.patch(`${typesOf(evil.path)}/${name}`, { metadata: { labels: { touched: 'no' } } });
        const used = await mallory.post(`${workspacesOf(evil.path)}?dryRun=All`, workspace);
        for (const { status, body } of [written, touched, again, used]) {
          const { annotations } = (body as { metadata?: { annotations?: object } }).metadata ?? {};
          answers.push(JSON.stringify([status, annotations, field(body, 'message')]).replaceAll(path, '<path>'));
        }
        await mallory.delete(`${typesOf(evil.path)}/${name}`);
      }
      return answers.join('\n');
    }
    const nothing = await answerOn(nowhere);
    const ofHidden = await answerOn(hidden.path);
    expect(ofHidden).toContain('[201,');
    expect(ofHidden).not.toContain(hidden.cluster);
    expect(ofHidden).toBe(nothing);
    // Nor users that RBAC would let in, of a workspace that wants members of a group.
    const required = { annotations: { 'authorization.kcp.io/required-groups': 'insiders' } };
    const logicalCluster = `${base(hidden.cluster)}/apis/core.kcp.io/v1alpha1/logicalclusters/cluster`;
    await done(server.shardAdmin.patch(logicalCluster, { metadata: required }));
    await done(admin.post(typesOf(hidden.path), typeOf('some', { extend: { with: [own] } })));
    await admit(admin, hidden.path, 'user-1');
    expect(await answerOn(hidden.path)).toBe(nothing);
  });

  it.each(['enter', 'use'])(
    'mean for ever the workspaces that their author may %s, though somebody else makes them again',
    async (right) => {
      const org = await makeWorkspace(admin, 'root', fresh('org'), universal);
      await done(admin.post(typesOf(org.path), typeOf('base', { extend: { with: [own] } })));
      if (right === 'enter') await admit(admin, org.path, 'user-1');
      else
        await grant(admin, org.path, 'use', 'user-1', [
          { apiGroups: ['tenancy.kcp.io'], resources: ['workspacetypes'], verbs: ['use'] },
        ]);
      const name = fresh('extending');
      const spec = { extend: { with: [{ path: org.path, name: 'base' }] } };
      const written = await done(mallory.post(typesOf(evil.path), typeOf(name, spec)));
      const meant = { [org.path]: org.cluster };
      const annotations = field(written, 'metadata.annotations') as Record<string, string>;
      expect(JSON.parse(annotations['internal.tenancy.kcp.io/meant-clusters'] ?? '')).toEqual(meant);
      await done(admin.delete(`${workspacesOf('root')}/${org.path.slice('root:'.length)}`));
      await admin.until(`${workspacesOf('root')}/${org.path.slice('root:'.length)}`, ({ status }) => status === 404);
      const again = await makeWorkspace(admin, 'root', org.path.slice('root:'.length), universal);
      await done(admin.post(typesOf(again.path), typeOf('base', { extend: { with: [own] } })));
      const workspace = {
        apiVersion: 'tenancy.kcp.io/v1alpha1',
        kind: 'Workspace',
        metadata: { name },
        spec: { type: { path: evil.path, name } },
      };
      const made = await admin.post(workspacesOf(evil.path), workspace);
      expect(made.status, made.text).toBe(403);
      expect(made.text).toContain('unable to find inherited workspace type');
    },
  );
});
