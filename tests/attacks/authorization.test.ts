/** Attacks on who may do what: RBAC, maximal permission policies and certificate requests. */
import type { KubeObject } from '@kcp-ts/api';
import { certificateRequests } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  bindingTo,
  bindRole,
  configMap,
  configMapsOf,
  done,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  rejected,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const group = 'rbac.authorization.k8s.io';
const universal = { type: { path: 'root', name: 'universal' } };

let server: ServerWithUsers;
let admin: ApiClient;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
});

afterAll(() => server[Symbol.asyncDispose]());

const clusterRole = (name: string, rules: readonly object[], more: object = {}) => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: { name, ...more },
  rules,
});
const rolesOf = (path: string) => `${rbacOf(path)}/clusterroles`;
const roleBindingsOf = (path: string) => `${rbacOf(path)}/clusterrolebindings`;

/** A binding of users or groups to a ClusterRole. */
function binding(name: string, role: string, subject: string, kind: 'User' | 'Group' = 'User') {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: group, kind, name: subject }],
  };
}

const secretsOf = (path: string) => `${base(path)}/api/v1/secrets`;
const rbacRules = (...verbs: string[]) => [
  { apiGroups: [group], resources: ['clusterroles', 'roles', 'clusterrolebindings', 'rolebindings'], verbs },
];

describe('roles and bindings', () => {
  let ours: MadeWorkspace;
  let writer: ApiClient;

  beforeAll(async () => {
    ours = await makeWorkspace(admin, 'root', 'rbac', universal);
    writer = server.as('user-1');
    await admit(admin, ours.path, 'user-1');
    await grant(
      admin,
      ours.path,
      'rbac-writer',
      'user-1',
      rbacRules('get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection'),
    );
  });

  it('a writer of roles and bindings cannot bind a role of its own making that the system has too', async () => {
    await done(writer.post(rolesOf(ours.path), clusterRole('cluster-admin', [])));
    const bound = await writer.post(roleBindingsOf(ours.path), binding('mine', 'cluster-admin', 'user-1'));
    expect([bound.status, field(bound.body, 'reason')], bound.text).toEqual([403, 'Forbidden']);
    const inNamespace = await writer.post(`${rbacOf(ours.path)}/namespaces/default/rolebindings`, {
      ...binding('mine', 'cluster-admin', 'user-1'),
      kind: 'RoleBinding',
    });
    expect(inNamespace.status, inNamespace.text).toBe(403);
    await done(admin.delete(`${rolesOf(ours.path)}/cluster-admin`));
    expect((await writer.get(secretsOf(ours.path))).status).toBe(403);
  });

  it('a role that stands before one of the system is not removed by who could not grant that one, in any way', async () => {
    await done(admin.post(rolesOf(ours.path), clusterRole('admin', [], { labels: { mine: 'yes' } })));
    await done(admin.post(roleBindingsOf(ours.path), binding('of-admins', 'admin', 'user-1')));
    const secret = `${rolesOf(ours.path)}/admin`;
    const owned = { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] } };
    const attempts: Record<string, Promise<Answer>> = {
      delete: writer.delete(secret),
      'delete with finalizers': writer.request('DELETE', `${secret}?propagationPolicy=Foreground`),
      deletecollection: writer.delete(`${rolesOf(ours.path)}?labelSelector=mine`),
      'an owner that goes': writer.patch(secret, owned),
    };
    for (const [how, attempt] of Object.entries(attempts)) {
      const { status, text } = await attempt;
      expect([how, status], text).toEqual([how, 403]);
    }
    expect((await writer.get(secretsOf(ours.path))).status).toBe(403);
    await done(admin.delete(secret));
    await done(admin.delete(`${roleBindingsOf(ours.path)}/of-admins`));
    // A role that hides nothing goes as it came.
    await done(writer.post(rolesOf(ours.path), clusterRole('plain', [])));
    await done(writer.delete(`${rolesOf(ours.path)}/plain`));
  });

  it('`escalate` for a named role does not let one make it, only change it', async () => {
    await grant(admin, ours.path, 'escalator', 'user-1', [
      { apiGroups: [group], resources: ['clusterroles'], resourceNames: ['chosen'], verbs: ['escalate'] },
    ]);
    const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    expect((await writer.post(rolesOf(ours.path), clusterRole('chosen', everything))).status).toBe(403);
    await done(writer.post(rolesOf(ours.path), clusterRole('chosen', [])));
    await done(writer.patch(`${rolesOf(ours.path)}/chosen`, { rules: everything }));
  });

  it('a provider with claims on roles and bindings does not become the admin of its consumer', async () => {
    const source = await makeWorkspace(admin, 'root', 'rbac-provider', universal);
    const consumer = await makeWorkspace(admin, 'root', 'rbac-consumer', universal);
    const claims = ['clusterroles', 'clusterrolebindings'].map((resource) => ({ group, resource, verbs: ['*'] }));
    await admit(admin, source.path, 'provider');
    await bindRole(admin, source.path, 'all', 'provider', 'cluster-admin');
    await provide(admin, source.path, 'cowboys', 'cowboys', claims);
    await bind(admin, consumer.path, source.path, 'cowboys', claims.map(accepted));
    const inside = `${await virtualWorkspace(admin, source.path, 'cowboys')}/clusters/${consumer.cluster}/apis/${apiVersion}`;
    const provider = server.as('provider');
    const settled = await provider.until(`${inside}/clusterroles`, ({ status }) => status === 200);
    expect(names(settled.body)).not.toContain('cluster-admin');
    await done(provider.post(`${inside}/clusterroles`, clusterRole('cluster-admin', [])));
    const bound = await provider.post(`${inside}/clusterrolebindings`, binding('mine', 'cluster-admin', 'provider'));
    expect(bound.status, bound.text).toBe(403);
    expect((await provider.delete(`${inside}/clusterroles/cluster-admin`)).status).toBe(403);
    expect((await provider.get(secretsOf(consumer.path))).status).toBe(403);
  });

  it('while a role changes that stands before one of the system, no shard takes the other one for it', async () => {
    const source = await makeWorkspace(admin, 'root', 'told', universal);
    const consumers = await Promise.all(
      ['told-1', 'told-2', 'told-3'].map((name) => makeWorkspace(admin, 'root', name, universal)),
    );
    await provide(admin, source.path, 'cowboys', 'cowboys');
    await provide(admin, source.path, 'sheriffs', 'sheriffs');
    const user = server.as('user-2');
    for (const { path } of consumers) {
      await admit(admin, path, 'user-2');
      await bindRole(admin, path, 'all', 'user-2', 'cluster-admin');
    }
    const exports = { apiGroups: ['apis.kcp.io'], resources: ['apiexports'] };
    const mayBind = [{ ...exports, resourceNames: ['cowboys'], verbs: ['bind'] }];
    await done(admin.post(rolesOf(source.path), clusterRole('cluster-admin', mayBind)));
    await done(admin.post(roleBindingsOf(source.path), binding('binders', 'cluster-admin', 'user-2')));
    const attempt = async (path: string, name: string) =>
      (await user.post(`${bindingsOf(path)}?dryRun=All`, bindingTo(name, source.path, name))).status;
    for (const { path } of consumers) expect(await attempt(path, 'cowboys')).toBe(201);
    let changing = true;
    const attacks = consumers.map(async ({ path }) => {
      const seen = new Set<number>();
      while (changing) seen.add(await attempt(path, 'sheriffs'));
      return seen;
    });
    for (let round = 0; round < 30; round++) {
      await done(admin.patch(`${rolesOf(source.path)}/cluster-admin`, { rules: [] }));
      await Promise.all(consumers.map(({ path }) => attempt(path, 'cowboys')));
      await done(admin.patch(`${rolesOf(source.path)}/cluster-admin`, { rules: mayBind }));
      await Promise.all(consumers.map(({ path }) => attempt(path, 'cowboys')));
    }
    changing = false;
    for (const seen of await Promise.all(attacks)) expect([...seen]).toEqual([403]);
    // What was taken away for good is soon taken away everywhere.
    await done(admin.patch(`${rolesOf(source.path)}/cluster-admin`, { rules: [] }));
    for (const { path } of consumers)
      for (let tries = 0; (await attempt(path, 'cowboys')) !== 403; tries++) expect(tries).toBeLessThan(500);
  });
});

async function tokenOf(path: string, name: string): Promise<string> {
  const accounts = `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
  await done(admin.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }));
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  return String(field(await done(admin.post(`${accounts}/${name}/token`, request)), 'status.token'));
}

describe('maximal permission policies', () => {
  let source: MadeWorkspace;
  let consumer: MadeWorkspace;
  let foreign: MadeWorkspace;
  let own: ApiClient;
  let stranger: ApiClient;
  const clients: ApiClient[] = [];
  const cowboys = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/cowboys`;

  /** The provider lets nobody do anything but those, each by a binding of its own. */
  async function allowOnly(...subjects: readonly (readonly [kind: 'User' | 'Group', name: string])[]): Promise<void> {
    const all = roleBindingsOf(source.path);
    await done(admin.delete(`${all}?labelSelector=policy`));
    for (const [at, [kind, name]] of subjects.entries()) {
      const made = binding(`policy-${at}`, 'policy', name, kind);
      await done(admin.post(all, { ...made, metadata: { ...made.metadata, labels: { policy: 'yes' } } }));
    }
  }

  beforeAll(async () => {
    source = await makeWorkspace(admin, 'root', 'policy-provider', universal);
    consumer = await makeWorkspace(admin, 'root', 'policy-consumer', universal);
    foreign = await makeWorkspace(admin, 'root', 'policy-foreign', universal);
    await provide(admin, source.path, 'cowboys', 'cowboys');
    await done(admin.patch(`${exportsOf(source.path)}/cowboys`, { spec: { maximalPermissionPolicy: { local: {} } } }));
    await done(
      admin.post(
        rolesOf(source.path),
        clusterRole('policy', [{ apiGroups: ['wild.west'], resources: ['cowboys'], verbs: ['*'] }]),
      ),
    );
    await bind(admin, consumer.path, source.path, 'cowboys');
    for (const user of ['user-1', 'user-2']) await bindRole(admin, consumer.path, `all-${user}`, user, 'cluster-admin');
    await bindRole(
      admin,
      consumer.path,
      'foreigner',
      `system:kcp:serviceaccount:${foreign.cluster}:default:robot`,
      'cluster-admin',
    );
    await bindRole(admin, consumer.path, 'own', 'system:serviceaccount:default:robot', 'cluster-admin');
    own = server.client({ token: await tokenOf(consumer.path, 'robot') });
    stranger = server.client({ token: await tokenOf(foreign.path, 'robot') });
    clients.push(own, stranger);
  });

  afterAll(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  const reads = async (client: ApiClient, headers: Record<string, string> = {}) =>
    (await client.get(cowboys(consumer.path), headers)).status;
  const settled = (client: ApiClient) => client.until(cowboys(consumer.path), ({ status }) => status === 200);

  it('a workspace admin does not pass a policy as somebody it impersonates', async () => {
    await allowOnly(['User', 'apis.kcp.io:binding:user-2'], ['Group', 'apis.kcp.io:binding:vip']);
    await settled(server.as('user-2'));
    const owner = server.as('user-1');
    expect(await reads(owner)).toBe(403);
    expect(await reads(owner, { 'impersonate-user': 'user-2' })).toBe(403);
    expect(await reads(owner, { 'impersonate-user': 'user-2', 'impersonate-group': 'vip' })).toBe(403);
    expect(await reads(owner, { 'impersonate-user': 'user-1', 'impersonate-group': 'vip' })).toBe(403);
    const written = await owner.request(
      'POST',
      `${cowboys(consumer.path).replace('/cowboys', '/namespaces/default/cowboys')}`,
      { apiVersion: 'wild.west/v1alpha1', kind: 'Cowboy', metadata: { name: 'x' } },
      { 'impersonate-user': 'user-2' },
    );
    expect(written.status, written.text).toBe(403);
    // What everybody may do, somebody who was impersonated may do as well.
    await allowOnly(['Group', 'apis.kcp.io:binding:system:authenticated']);
    await settled(owner);
    expect(await reads(owner, { 'impersonate-user': 'carol' })).toBe(403);
    await bindRole(admin, consumer.path, 'carol', 'carol', 'cluster-admin');
    expect(await reads(owner, { 'impersonate-user': 'carol' })).toBe(200);
  });

  it('a foreign service account is nobody for a policy, and an own one is itself', async () => {
    const robot = (cluster: string) => `apis.kcp.io:binding:system:kcp:serviceaccount:${cluster}:default:robot`;
    await allowOnly(
      ['User', robot(foreign.cluster)],
      ['User', 'apis.kcp.io:binding:system:serviceaccount:default:robot'],
      ['Group', 'apis.kcp.io:binding:system:serviceaccounts:default'],
      ['Group', 'apis.kcp.io:binding:system:authenticated'],
    );
    await settled(own);
    // It may everything in the consumer, and so it sees what is not the provider's.
    expect((await stranger.get(configMapsOf(consumer.path))).status).toBe(200);
    expect(await reads(stranger)).toBe(403);
    await allowOnly(['User', robot(consumer.cluster)], ['User', 'apis.kcp.io:binding:user-2']);
    await server.as('user-1').until(cowboys(consumer.path), ({ status }) => status === 403);
    expect(await reads(own)).toBe(200);
    const account = { 'impersonate-user': 'system:serviceaccount:default:robot' };
    expect(await reads(server.as('user-1'), account)).toBe(403);
    expect((await server.as('user-1').get(configMapsOf(consumer.path), account)).status).toBe(200);
  });

  it('the prefix of the earlier draft does not add to a policy of today', async () => {
    await allowOnly(['User', 'apis.kcp.io:binding:user-2'], ['Group', 'apis.kcp.dev:binding:system:authenticated']);
    await settled(server.as('user-2'));
    expect(await reads(server.as('user-1'))).toBe(403);
    await allowOnly(['Group', 'apis.kcp.dev:binding:system:authenticated']);
    await settled(server.as('user-1'));
  });

  it('a provider that claims a resource does not pass the policy of its owner as somebody it impersonates', async () => {
    await allowOnly(['User', 'apis.kcp.io:binding:user-2']);
    const claimer = await makeWorkspace(admin, 'root', 'policy-claimer', universal);
    const exported = await admin.get(`${exportsOf(source.path)}/cowboys`);
    const claim = {
      group: 'wild.west',
      resource: 'cowboys',
      verbs: ['*'],
      identityHash: String(field(exported.body, 'status.identityHash')),
    };
    for (const user of ['user-1', 'user-2']) await bindRole(admin, claimer.path, `all-${user}`, user, 'cluster-admin');
    await provide(admin, claimer.path, 'sheriffs', 'sheriffs', [claim], { group: 'law.west' });
    await bind(admin, consumer.path, claimer.path, 'sheriffs', [accepted(claim)]);
    const virtual = await virtualWorkspace(admin, claimer.path, 'sheriffs');
    for (const cluster of [consumer.cluster, '*']) {
      const path = `${virtual}/clusters/${cluster}/apis/wild.west/v1alpha1/cowboys`;
      await server.as('user-2').until(path, ({ status }) => status === 200);
      expect((await server.as('user-1').get(path)).status).toBe(403);
      const asOther = await server.as('user-1').get(path, { 'impersonate-user': 'user-2' });
      expect(asOther.status, asOther.text).toBe(403);
    }
  });
});

describe('certificate requests', () => {
  const requestsOf = (path: string) => `${base(path)}/apis/certificates.k8s.io/v1/certificatesigningrequests`;
  let ours: MadeWorkspace;
  let user: ApiClient;

  const request = (name: string, spec: object = {}): KubeObject => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request: certificateRequests.ecdsa, signerName: 'example.com/x', usages: ['client auth'], ...spec },
  });
  const approved = { status: { conditions: [{ type: 'Approved', status: 'True' }] } };
  const certificate = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n').toString('base64');

  beforeAll(async () => {
    ours = await makeWorkspace(admin, 'root', 'certificates', universal);
    user = server.as('user-3');
    await admit(admin, ours.path, 'user-3');
    await grant(admin, ours.path, 'requests', 'user-3', [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: [
          'certificatesigningrequests',
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
        ],
        verbs: ['*'],
      },
    ]);
  });

  it('nobody approves or signs for a signer without the right to it', async () => {
    await done(user.post(requestsOf(ours.path), request('a')));
    const at = `${requestsOf(ours.path)}/a`;
    const refused = await user.patch(`${at}/approval`, approved);
    expect([refused.status, field(refused.body, 'message')]).toEqual([
      403,
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to approve requests with signerName "example.com/x"',
    ]);
    const unsigned = await user.patch(`${at}/status`, { status: { certificate } });
    expect([unsigned.status, field(unsigned.body, 'message')]).toEqual([
      403,
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to sign requests with signerName "example.com/x"',
    ]);
    const signers = { apiGroups: ['certificates.k8s.io'], resources: ['signers'] };
    await grant(admin, ours.path, 'signer', 'user-3', [
      { ...signers, resourceNames: ['example.com/*'], verbs: ['approve'] },
      { ...signers, resourceNames: ['example.com/x'], verbs: ['sign'] },
    ]);
    await done(user.patch(`${at}/approval`, approved));
    await done(user.patch(`${at}/status`, { status: { certificate } }));
    await done(user.post(requestsOf(ours.path), request('b', { signerName: 'example.com/y' })));
    expect(
      (await user.patch(`${requestsOf(ours.path)}/b/status`, { status: { certificate } })).status,
      'another signer of the domain',
    ).toBe(403);
  });

  it('nobody asks for a certificate of system:masters, nor with a request that is none', async () => {
    for (const name of ['masters', 'mastersInBmpString'] as const) {
      const signerName = 'kubernetes.io/kube-apiserver-client';
      const refused = await admin.post(
        requestsOf(ours.path),
        request('m', { signerName, request: certificateRequests[name] }),
      );
      expect(refused.status, refused.text).toBe(403);
      expect(String(field(refused.body, 'message'))).toContain('system:masters group is not allowed');
    }
    const pem = Buffer.from(certificateRequests.ecdsa, 'base64').toString('latin1');
    const forged = Buffer.from(pem.replace(/.{8}\n-----END/, (end) => `AAAAAAAA${end.slice(8)}`)).toString('base64');
    expect((await user.post(requestsOf(ours.path), request('forged', { request: forged }))).status).toBe(422);
  });
});

describe('what is allowed is not refused', () => {
  let ours: MadeWorkspace;
  let user: ApiClient;

  beforeAll(async () => {
    ours = await makeWorkspace(admin, 'root', 'allowed', universal);
    user = server.as('user-2');
    await admit(admin, ours.path, 'user-2');
  });

  it('a role for one name allows to list and watch that name', async () => {
    for (const name of ['one', 'two']) await done(admin.post(configMapsOf(ours.path), configMap(name)));
    await grant(admin, ours.path, 'one', 'user-2', [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['one'],
        verbs: ['get', 'list', 'watch', 'deletecollection'],
      },
    ]);
    const status = async (query: string, method = 'GET') =>
      (await user.request(method, `${configMapsOf(ours.path)}${query}`)).status;
    const listed = await user.get(`${configMapsOf(ours.path)}?fieldSelector=metadata.name%3Done`);
    expect([listed.status, names(listed.body)]).toEqual([200, ['one']]);
    expect(await status('?fieldSelector=metadata.name%3D%3Done,metadata.namespace%3Ddefault')).toBe(200);
    expect(await status('?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Done')).toBe(200);
    for (const query of [
      '',
      '?watch=1',
      '?fieldSelector=metadata.name%3Dtwo',
      '?fieldSelector=metadata.name!%3Done',
      '?fieldSelector=metadata.namespace%3Done',
      '?fieldSelector=metadata.name',
      '?labelSelector=metadata.name%3Done',
    ])
      expect([query, await status(query)]).toEqual([query, 403]);
    // Two names leave nothing over; the first is judged, as in Kubernetes.
    const both = await user.get(`${configMapsOf(ours.path)}?fieldSelector=metadata.name%3Done,metadata.name%3Dtwo`);
    expect([both.status, names(both.body)]).toEqual([200, []]);
    expect(await status('?fieldSelector=metadata.name%3Done', 'DELETE')).toBe(403);
  });

  it('a Role in a namespace counts for the namespace itself', async () => {
    const namespaces = `${base(ours.path)}/api/v1/namespaces`;
    for (const name of ['mine', 'other'])
      await done(admin.post(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    const inMine = `${rbacOf(ours.path)}/namespaces/mine`;
    const rules = [{ apiGroups: [''], resources: ['namespaces', 'namespaces/status'], verbs: ['get', 'patch'] }];
    await done(admin.post(`${inMine}/roles`, { ...clusterRole('own', rules), kind: 'Role' }));
    const bound = binding('own', 'own', 'user-2');
    await done(
      admin.post(`${inMine}/rolebindings`, {
        ...bound,
        kind: 'RoleBinding',
        roleRef: { ...bound.roleRef, kind: 'Role' },
      }),
    );
    const status = async (path: string) => (await user.get(`${namespaces}${path}`)).status;
    expect([await status('/mine'), await status('/mine/status')]).toEqual([200, 200]);
    expect((await user.patch(`${namespaces}/mine`, { metadata: { labels: { a: 'b' } } })).status).toBe(200);
    expect([await status('/other'), await status('/other/status'), await status('')]).toEqual([403, 403, 403]);
    const refused = await user.get(`${namespaces}/other`);
    expect(field(refused.body, 'message')).toBe(
      'namespaces "other" is forbidden: User "user-2" cannot get resource "namespaces" in API group "" in the namespace "other": access denied',
    );
  });

  it('a service account carries the scope of its workspace and is in the group of its cluster', async () => {
    await using robot = server.client({ token: await tokenOf(ours.path, 'robot') });
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const me = await done(robot.post(`${base(ours.path)}/apis/authentication.k8s.io/v1/selfsubjectreviews`, review));
    const extra = field(me, 'status.userInfo.extra') as Record<string, unknown>;
    expect(extra['authentication.kcp.io/scopes']).toEqual([`cluster:${ours.cluster}`]);
    expect((await robot.get(secretsOf(ours.path))).status).toBe(403);
    await done(
      admin.post(roleBindingsOf(ours.path), binding('own-cluster', 'admin', `system:cluster:${ours.cluster}`, 'Group')),
    );
    expect((await robot.get(secretsOf(ours.path))).status).toBe(200);
    // Its client names no cluster, also where it acts as somebody else.
    await bindRole(admin, ours.path, 'robot', 'system:serviceaccount:default:robot', 'cluster-admin');
    const inside = '/api/v1/namespaces/default/configmaps';
    expect((await robot.get(inside)).status).toBe(200);
    expect((await robot.get(inside, { 'impersonate-user': 'user-1' })).status).toBe(403);
    expect((await robot.get(inside, { 'impersonate-user': 'system:serviceaccount:default:robot' })).status).toBe(200);
  });

  it('claims hold a provider and not system:masters', async () => {
    const source = await makeWorkspace(admin, 'root', 'held-provider', universal);
    const consumer = await makeWorkspace(admin, 'root', 'held-consumer', universal);
    const claim = { group: '', resource: 'configmaps', verbs: ['get', 'list'] };
    await provide(admin, source.path, 'cowboys', 'cowboys', [claim]);
    await bind(admin, consumer.path, source.path, 'cowboys', [rejected(claim)]);
    const inside = `${await virtualWorkspace(admin, source.path, 'cowboys')}/clusters/${consumer.cluster}/api/v1/namespaces/default/configmaps`;
    for (const [client, written] of [
      [admin, 403],
      [server.shardAdmin, 201],
    ] as const) {
      const made = await client.post(inside, configMap('made'));
      expect(made.status, made.text).toBe(written);
      const listed = await client.get(inside);
      // What is not granted is shown to nobody.
      expect([listed.status, names(listed.body)], listed.text).toEqual([200, []]);
    }
    expect((await admin.get(`${configMapsOf(consumer.path)}/made`)).status).toBe(200);
  });

  it('health is for everybody, a single check for who may read its path', async () => {
    await using nobody = server.client({});
    for (const path of ['/livez', '/readyz', '/healthz'])
      expect((await nobody.get(`${base(ours.path)}${path}`)).status, path).toBe(200);
    const check = `${base(ours.path)}/livez/ping`;
    expect([(await nobody.get(check)).status, (await user.get(check)).status]).toEqual([403, 403]);
    await grant(admin, ours.path, 'health', 'user-2', [{ nonResourceURLs: ['/livez/*'], verbs: ['get'] }]);
    expect((await user.get(check)).status).toBe(200);
  });
});
