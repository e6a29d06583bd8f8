/**
 * More of what users without the rights for it do not get: by open watches, by names that mean
 * another user in another cluster, by names that can be read in two ways.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, WatchEvent } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  condition,
  configMap,
  configMapsOf,
  done,
  exportOf,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  resourceSchema,
  schemasOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
/** The attacker: cluster-admin of `evil`, without rights in other workspaces. */
let mallory: ApiClient;
let evil: MadeWorkspace;
let consumer: MadeWorkspace;
let serial = 0;

const universal = { type: { path: 'root', name: 'universal' } };
const fresh = (name: string) => `${name}-${++serial}`;
const claim: Claim = { group: '', resource: 'configmaps', verbs: ['*'] };
const claimWith = (verbs: readonly string[]) => ({ ...accepted(claim), verbs });

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  mallory = server.as('user-1');
  evil = await makeWorkspace(admin, 'root', 'evil', universal);
  await admit(admin, evil.path, 'user-1');
  await bindRole(admin, evil.path, 'all', 'user-1', 'cluster-admin');
  consumer = await makeWorkspace(admin, 'root', 'consumer', universal);
});

afterAll(() => server[Symbol.asyncDispose]());

/**
 * An export of the attacker's own that claims config maps, bound by the consumer with these verbs;
 * the path of its view.
 */
async function claiming(verbs: readonly string[]): Promise<{ readonly name: string; readonly view: string }> {
  const name = fresh('claiming');
  await provide(mallory, evil.path, name, `${name.replace('-', '')}s`, [claim], { group: 'evil.io' });
  await bind(admin, consumer.path, evil.path, name, [claimWith(verbs)]);
  return { name, view: `/services/apiexport/${evil.cluster}/${name}/clusters` };
}

/**
 * Waits until objects of the consumer carry the label of the claim, which they do when it is
 * applied.
 */
async function applied(name: string, verbs: readonly string[]): Promise<void> {
  await admin.until(`${bindingsOf(consumer.path)}/${name}`, ({ body }) => {
    const claims = (field(body, 'status.appliedPermissionClaims') ?? []) as { verbs: string[] }[];
    return JSON.stringify(claims.map((one) => one.verbs)) === JSON.stringify(verbs.length === 0 ? [] : [verbs]);
  });
}

/** Creates an object of the consumer, changes it, and deletes it. */
async function live(client: ApiClient, path: string, name: string): Promise<void> {
  await done(client.post(configMapsOf(path), configMap(name, { data: { of: name } })));
  for (const value of ['one', 'two'])
    await done(client.patch(`${configMapsOf(path)}/${name}`, { data: { secret: value } }));
  await done(client.delete(`${configMapsOf(path)}/${name}`));
}

/**
 * Events of a watch up to the deletion of the object `last`, or to its end: the names, each once,
 * in order; and why it ended.
 */
async function watched(url: string, during: () => Promise<void>, first = 'ready'): Promise<string[]> {
  const stop = new AbortController();
  const seen = new Set<string>();
  let begun: Promise<void> | undefined;
  for await (const event of mallory.watch(`${url}?watch=true`, stop.signal) as AsyncIterable<WatchEvent>) {
    if (String(event.type) === 'ERROR') {
      seen.add(`ERROR ${String(field(event.object, 'code'))}`);
      break;
    }
    const { name } = event.object.metadata;
    if (name !== 'kube-root-ca.crt') seen.add(name);
    if (name === first) begun ??= during();
    if (name === 'last' && event.type === 'DELETED') break;
  }
  stop.abort();
  await begun;
  return [...seen];
}

describe('claims', () => {
  it('that do not grant watch show nothing in a watch over all consumers: not even that an object has gone', async () => {
    const { name, view } = await claiming(['create']);
    // The attacker's own workspace has granted everything, so that the watch has something to show.
    await bind(mallory, evil.path, evil.path, name, [accepted(claim)]);
    await done(mallory.post(configMapsOf(evil.path), configMap('ready')));
    const url = `${view}/*/api/v1/configmaps`;
    await mallory.until(url, ({ body }) => names(body).includes('ready'));
    const seen = await watched(url, async () => {
      await live(admin, consumer.path, 'private');
      // Nor where a claim that never granted it is withdrawn.
      await done(admin.post(configMapsOf(consumer.path), configMap('withdrawn')));
      await done(
        admin.patch(`${bindingsOf(consumer.path)}/${name}`, {
          spec: { permissionClaims: [{ ...claimWith(['create']), state: 'Rejected' }] },
        }),
      );
      await applied(name, []);
      await admin.until(
        `${configMapsOf(consumer.path)}/withdrawn`,
        ({ body }) => !JSON.stringify(body.metadata.labels ?? {}).includes('claimed.internal'),
      );
      await live(mallory, evil.path, 'last');
    });
    expect(seen).toEqual(['ready', 'last']);
    await done(admin.delete(`${configMapsOf(consumer.path)}/withdrawn`));
    await done(mallory.delete(`${configMapsOf(evil.path)}/ready`));
  });

  it.each(['*', 'one'])('that lose watch show that the objects have gone, and nothing more (%s)', async (which) => {
    const { name, view } = await claiming(['*']);
    await done(admin.post(configMapsOf(consumer.path), configMap('ready')));
    const url = `${view}/${which === '*' ? '*' : consumer.cluster}/api/v1/configmaps`;
    await mallory.until(url, ({ body }) => names(body).includes('ready'));
    const grantOnly = async (verbs: readonly string[]) => {
      await done(
        admin.patch(`${bindingsOf(consumer.path)}/${name}`, { spec: { permissionClaims: [claimWith(verbs)] } }),
      );
      await applied(name, verbs);
    };
    const during = async () => {
      await grantOnly(['create']);
      await live(admin, consumer.path, 'hidden');
      await done(admin.delete(`${configMapsOf(consumer.path)}/ready`));
      const again = await mallory.get(url);
      if (which === '*') expect(names(again.body)).toEqual([]);
      else expect(again.status, again.text).toBe(403);
      await grantOnly(['*']);
      await live(admin, consumer.path, 'last');
    };
    const seen: string[] = [];
    const stop = new AbortController();
    let begun: Promise<void> | undefined;
    for await (const { type, object } of mallory.watch(`${url}?watch=true`, stop.signal)) {
      if (object.metadata.name !== 'kube-root-ca.crt') seen.push(`${type} ${object.metadata.name}`);
      if (seen.length === 1) begun ??= during();
      if (seen.at(-1) === 'DELETED last') break;
    }
    stop.abort();
    await begun;
    expect(seen.filter((text) => text !== 'MODIFIED last')).toEqual([
      'ADDED ready',
      'DELETED ready',
      'ADDED last',
      'DELETED last',
    ]);
  });

  describe('that are narrowed while nobody watches', () => {
    /**
     * Events of a watch that goes on from before, up to the deletion of an object of the attacker's
     * own: types with names or codes.
     */
    async function resumed(url: string, from: string): Promise<string[]> {
      await live(mallory, evil.path, 'last');
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const { type, object } of mallory.watch(`${url}?watch=true&resourceVersion=${from}`, stop.signal)) {
        if (object.metadata?.name === 'kube-root-ca.crt') continue;
        seen.push(`${type} ${type === 'ERROR' ? String(field(object, 'code')) : object.metadata.name}`);
        if (seen.at(-1) === 'DELETED last') break;
      }
      stop.abort();
      return seen.filter((text) => !text.endsWith(' last'));
    }

    /**
     * Shows `secret` of the consumer to the attacker, who goes away; then the claim is narrowed.
     */
    async function narrowed(narrow: object) {
      const { name, view } = await claiming(['*']);
      await bind(mallory, evil.path, evil.path, name, [accepted(claim)]);
      await done(admin.post(configMapsOf(consumer.path), configMap('secret')));
      const all = `${view}/*/api/v1/configmaps`;
      const shown = await mallory.until(all, ({ body }) => names(body).includes('secret'));
      const binding = `${bindingsOf(consumer.path)}/${name}`;
      const claims = [{ ...accepted(claim), ...narrow }];
      await done(admin.patch(binding, { spec: { permissionClaims: claims } }));
      await admin.until(
        binding,
        ({ body }) =>
          JSON.stringify(field(body, 'status.appliedPermissionClaims.0.verbs')) === JSON.stringify(claims[0]?.verbs) &&
          JSON.stringify(field(body, 'status.appliedPermissionClaims.0.selector')) ===
            JSON.stringify(claims[0]?.selector) &&
          condition(body, 'PermissionClaimsApplied') === 'True',
      );
      return { view, all, from: String(shown.body.metadata.resourceVersion) };
    }
    const secretGoes = () => done(admin.delete(`${configMapsOf(consumer.path)}/secret`));

    it.each([[['create', 'list']], [['create']]])(
      'to %s are not forgotten by a watch that goes on from before',
      async (verbs) => {
        const { view, all, from } = await narrowed({ verbs });
        await live(admin, consumer.path, 'private');
        expect(await resumed(all, from)).toEqual(['DELETED secret']);
        const one = `${view}/${consumer.cluster}/api/v1/configmaps`;
        expect((await mallory.get(`${one}?watch=true&resourceVersion=${from}`)).status).toBe(403);
        // A client that begins again goes on from there, and is shown nothing.
        const { body } = await mallory.get(all);
        const left = names(body).filter((name) => name !== 'kube-root-ca.crt');
        expect(left).toEqual(verbs.includes('list') ? ['secret'] : []);
        await secretGoes();
        expect(await resumed(all, String(body.metadata.resourceVersion))).toEqual([]);
      },
    );

    it('to fewer objects show in a watch that goes on from before that the others have gone', async () => {
      const { all, from } = await narrowed({ selector: { matchLabels: { shown: 'yes' } } });
      await live(admin, consumer.path, 'private');
      expect(await resumed(all, from)).toEqual(['DELETED secret']);
      await secretGoes();
    });

    it('and granted again show what was hidden', async () => {
      const { name, view } = await claiming(['create']);
      await bind(mallory, evil.path, evil.path, name, [accepted(claim)]);
      await done(admin.post(configMapsOf(consumer.path), configMap('secret')));
      const all = `${view}/*/api/v1/configmaps`;
      const { body } = await mallory.get(all);
      const binding = `${bindingsOf(consumer.path)}/${name}`;
      await done(admin.patch(binding, { spec: { permissionClaims: [accepted(claim)] } }));
      await mallory.until(all, (answer) => names(answer.body).includes('secret'));
      expect(await resumed(all, String(body.metadata.resourceVersion))).toEqual(['ADDED secret']);
      await secretGoes();
    });
  });

  it('that are withdrawn show in an open watch that the objects have gone', async () => {
    const { name, view } = await claiming(['*']);
    await done(admin.post(configMapsOf(consumer.path), configMap('last')));
    const url = `${view}/*/api/v1/configmaps`;
    await mallory.until(url, ({ body }) => names(body).includes('last'));
    const withdraw = () =>
      done(
        admin.patch(`${bindingsOf(consumer.path)}/${name}`, {
          spec: { permissionClaims: [{ ...accepted(claim), state: 'Rejected' }] },
        }),
      ).then(() => undefined);
    expect(await watched(url, withdraw, 'last')).toEqual(['last']);
    await done(admin.delete(`${configMapsOf(consumer.path)}/last`));
  });
});

describe('claims that select by what the server sets', () => {
  const key = 'kubernetes.io/metadata.name';
  const namespace = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [key]: 'selected' } },
  });
  const ofNamespaces: Claim = { group: '', resource: 'namespaces', verbs: ['*'] };

  it('let nothing be made or seen that says it is selected and is not', async () => {
    const name = fresh('selecting');
    await provide(mallory, evil.path, name, `${name.replace('-', '')}s`, [ofNamespaces], { group: 'evil.io' });
    const selector = { matchLabels: { [key]: 'selected' } };
    await bind(admin, consumer.path, evil.path, name, [{ ...ofNamespaces, selector, state: 'Accepted' }]);
    const view = `/services/apiexport/${evil.cluster}/${name}/clusters/${consumer.cluster}/api/v1/namespaces`;
    const made = await mallory.post(view, namespace('other'));
    expect(made.status, made.text).toBe(403);
    expect((await admin.get(`${base(consumer.path)}/api/v1/namespaces/other`)).status).toBe(404);
    await done(mallory.post(view, namespace('selected')));
    // Its owner's words count no more: the label is the server's.
    await done(admin.post(`${base(consumer.path)}/api/v1/namespaces`, namespace('others')));
    await done(
      admin.patch(`${base(consumer.path)}/api/v1/namespaces/others`, { metadata: { labels: { [key]: 'selected' } } }),
    );
    expect(names((await mallory.get(view)).body)).toEqual(['selected']);
    expect((await mallory.get(`${view}/others`)).status).toBe(404);
  });
});

describe('paths', () => {
  it('lead nowhere else, however they are written', async () => {
    await done(admin.post(configMapsOf(consumer.path), configMap('reached')));
    const [own, other] = [evil.cluster, consumer.cluster];
    const rest = 'api/v1/namespaces/default/configmaps';
    const paths = [
      `/clusters/${own}/../${other}/${rest}`,
      `/clusters/${own}%2F..%2F${other}/${rest}`,
      `/clusters/${own}%3F/${rest}`,
      `/clusters//${other}/${rest}`,
      `//clusters/${other}/${rest}`,
      `/Clusters/${other}/${rest}`,
      `/%63lusters/${other}/${rest}`,
      `/clusters/${own}/clusters/${other}/${rest}`,
      `/clusters/${own}/api/v1/namespaces/..%2F..%2F${other}%2Fdefault/configmaps`,
      `/clusters/${own}/api/v1/namespaces/a%2Fb/configmaps`,
      `/clusters/${own}/api/v1/watch/namespaces/a%2Fb/configmaps`,
      `/clusters/${own}/${rest}/..%2F..%2F${other}%2Fdefault%2Freached`,
      `/clusters/*/api/v1/configmaps`,
      `/clusters/%2A/api/v1/configmaps`,
      `/clusters/system:admin/apis/rbac.authorization.k8s.io/v1/clusterroles`,
      `/clusters/system%3Aadmin/api/v1/secrets`,
      `/services/apiexport/%2A/any/clusters/*/api/v1/configmaps`,
      `/services/apiexport/root/tenancy.kcp.io/clusters/*/apis/tenancy.kcp.io/v1alpha1/workspaces`,
      ...['constructor', '__proto__', 'toString'].map((name) => `/clusters/${name}/${rest}`),
      ...['constructor', '__proto__', 'toString'].map((name) => `/clusters/${own}/apis/${name}/v1/${name}`),
    ];
    for (const path of paths) {
      const answer = await mallory.get(path);
      expect([400, 403, 404], `${path}: ${answer.text}`).toContain(answer.status);
    }
    await done(admin.delete(`${configMapsOf(consumer.path)}/reached`));
  });

  it('that name one object are judged by the selector that is heeded', async () => {
    const resourceNames = ['a'];
    const rule = { apiGroups: [''], resources: ['configmaps'], resourceNames, verbs: ['*'] };
    await admit(admin, evil.path, 'user-2');
    await grant(admin, evil.path, 'named', 'user-2', [rule]);
    for (const name of ['a', 'b']) await done(admin.post(configMapsOf(evil.path), configMap(name)));
    const url = configMapsOf(evil.path);
    const user = server.as('user-2');
    const selects = (...texts: string[]) => texts.map((text) => `fieldSelector=metadata.name${text}`).join('&');
    await user.until(`${url}?${selects('=a')}`, ({ status }) => status === 200);
    for (const query of [selects('=a', '=b'), selects('=b', '=a'), selects('=a,metadata.name=b'), selects('!=b')]) {
      const answer = await user.get(`${url}?${query}`);
      if (answer.status === 200) expect(names(answer.body), query).not.toContain('b');
      else expect(answer.status, query).toBe(403);
    }
    expect((await user.request('DELETE', `${url}?${selects('=a')}`)).status).toBe(403);
    for (const name of ['a', 'b']) await done(admin.delete(`${url}/${name}`));
  });
});

describe('service accounts', () => {
  const accountsOf = (path: string) => `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });

  async function tokenOf(client: ApiClient, path: string, name: string): Promise<ApiClient> {
    const wanted = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const token = await done(client.post(`${accountsOf(path)}/${name}/token`, wanted));
    return server.client({ token: String(field(token, 'status.token')) });
  }

  it('that make a workspace administer it, and no account of the same name in it does', async () => {
    const parent = await makeWorkspace(admin, 'root', fresh('parent'), universal);
    await done(admin.post(accountsOf(parent.path), account('builder')));
    await bindRole(admin, parent.path, 'builder', 'system:serviceaccount:default:builder', 'cluster-admin');
    await using builder = await tokenOf(admin, parent.path, 'builder');
    const child = await makeWorkspace(builder, parent.path, 'child', universal);
    // In the child the attacker may make accounts and their tokens, and nothing else.
    await admit(admin, child.path, 'user-1');
    await grant(admin, child.path, 'accounts', 'user-1', [
      { apiGroups: [''], resources: ['serviceaccounts', 'serviceaccounts/token'], verbs: ['create'] },
    ]);
    await mallory.until(`${base(child.path)}/api`, ({ status }) => status === 200);
    await done(mallory.post(accountsOf(child.path), account('builder')));
    await using namesake = await tokenOf(mallory, child.path, 'builder');
    const secrets = `${base(child.path)}/api/v1/namespaces/default/secrets`;
    expect((await namesake.get(secrets)).status).toBe(403);
    expect((await builder.get(secrets)).status).toBe(200);
    const bound = await admin.get(`${rbacOf(child.path)}/clusterrolebindings/workspace-admin`);
    expect(field(bound.body, 'subjects.0.name')).toMatch(/^system:kcp:serviceaccount:[0-9a-z]{16}:default:builder$/);
  });

  it('that were impersonated and make a workspace do not make accounts of their name its admins', async () => {
    const as = { 'impersonate-user': 'system:serviceaccount:default:default', 'impersonate-group': 'makers' };
    await grant(admin, evil.path, fresh('makers'), 'nobody', []);
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'makers' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'makers' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    };
    await done(mallory.post(`${rbacOf(evil.path)}/clusterrolebindings`, binding));
    const name = fresh('impersonated');
    const wanted = {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name },
      spec: universal,
    };
    const made = await mallory.request('POST', workspacesOf(evil.path), JSON.stringify(wanted), {
      'content-type': 'application/json',
      ...as,
    });
    expect(made.status, made.text).toBe(201);
    await admin.until(`${workspacesOf(evil.path)}/${name}`, ({ body }) => field(body, 'status.phase') === 'Ready');
    const bound = await admin.get(`${rbacOf(`${evil.path}:${name}`)}/clusterrolebindings/workspace-admin`);
    expect(field(bound.body, 'subjects.0.name')).toBe(`system:kcp:serviceaccount:${evil.cluster}:default:default`);
  });
});

describe('exports', () => {
  it('do not bring a built-in resource by a name that is cut at another place', async () => {
    const annotations = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' };
    const roles = resourceSchema('clusterroles', {
      group: 'rbac.authorization.k8s.io',
      scope: 'Cluster',
      annotations,
    });
    const secrets = resourceSchema('secrets', { group: '' });
    secrets.metadata.name = 'today.secrets.core';
    for (const schema of [roles, secrets]) await done(mallory.post(schemasOf(evil.path), schema));
    const cut = [
      { name: 'clusterroles.rbac', group: 'authorization.k8s.io', schema: roles.metadata.name },
      { name: 'rbac', group: 'authorization.k8s.io', schema: roles.metadata.name },
      { name: 'secrets', group: 'core', schema: secrets.metadata.name },
    ];
    for (const resource of cut) {
      const wanted = exportOf(fresh('cut'));
      const spec = { resources: [{ ...resource, storage: { crd: {} } }] };
      const answer = await mallory.post(exportsOf(evil.path), { ...wanted, spec });
      expect(answer.status, answer.text).toBe(422);
    }
  });
});
