/**
 * What Kubernetes' controllers do for clients that rely on it: aggregated roles, tokens in Secrets,
 * the contents of namespaces.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim } from '../harness/objects.ts';
import {
  accepted,
  base,
  bind,
  bindRole,
  condition,
  custom,
  define,
  definition,
  definitionsOf,
  done,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;
let path: string;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  path = (await makeWorkspace(admin, 'root', 'controllers')).path;
});

afterAll(() => server[Symbol.asyncDispose]());

const inNamespace = (plural: string, namespace = 'default') => `${base(path)}/api/v1/namespaces/${namespace}/${plural}`;

function role(name: string, more: object) {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, ...more };
}

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
const part = (name: string) => role(name, { metadata: { name, labels: { part: 'yes' } }, rules: [rule(name)] });

it('an aggregating ClusterRole has the rules of those that it selects, through every change', async () => {
  const roles = `${rbacOf(path)}/clusterroles`;
  const rulesAre = (...resources: string[]) =>
    admin.until(`${roles}/sum`, ({ body }) => {
      const rules = (field(body, 'rules') ?? []) as { resources: string[] }[];
      return JSON.stringify(rules.map((found) => found.resources[0])) === JSON.stringify(resources);
    });
  await done(admin.post(roles, part('two')));
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] };
  await done(admin.post(roles, role('sum', { aggregationRule, rules: [rule('mine')] })));
  await rulesAre('two');
  await done(admin.post(roles, part('one')));
  await rulesAre('one', 'two');
  await done(admin.patch(`${roles}/one`, { rules: [rule('other')] }));
  await rulesAre('other', 'two');
  await done(admin.patch(`${roles}/one`, { metadata: { labels: { part: null } } }));
  await rulesAre('two');
  await done(admin.patch(`${roles}/sum`, { rules: [rule('mine')] }));
  await rulesAre('two');
  await done(admin.delete(`${roles}/two`));
  await rulesAre();
  await done(admin.patch(`${roles}/one`, { metadata: { labels: { part: 'yes' } } }));
  await rulesAre('other');
});

it('an aggregating role may be aggregated itself', async () => {
  const roles = `${rbacOf(path)}/clusterroles`;
  const selects = (label: string) => ({ clusterRoleSelectors: [{ matchLabels: { layer: label } }] });
  const layer = (name: string, of: string, more: object) =>
    role(name, { metadata: { name, labels: { layer: of } }, ...more });
  await done(admin.post(roles, layer('top', 'none', { aggregationRule: selects('middle'), rules: [] })));
  await done(admin.post(roles, layer('middle', 'middle', { aggregationRule: selects('bottom'), rules: [] })));
  await done(admin.post(roles, layer('bottom', 'bottom', { rules: [rule('leaves')] })));
  await admin.until(`${roles}/top`, ({ body }) => field(body, 'rules.0.resources.0') === 'leaves');
});

const tokenSecret = (name: string, account: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/service-account-token',
  metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } },
});

it('a token Secret is filled, its token is good for its account, and it goes with the account', async () => {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
  const made = await done(admin.post(inNamespace('serviceaccounts'), account));
  await done(admin.post(inNamespace('secrets'), tokenSecret('robot-token', 'robot')));
  const { body } = await admin.until(
    `${inNamespace('secrets')}/robot-token`,
    (answer) => field(answer.body, 'data.token') !== undefined,
  );
  const data = body['data'] as Record<string, string>;
  const plain = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
  expect(plain).toEqual({
    'ca.crt': expect.stringContaining('BEGIN CERTIFICATE'),
    namespace: 'default',
    token: expect.any(String),
  });
  expect(body.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(made.metadata.uid);
  await using robot = server.client({ token: plain['token'] ?? '' });
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  // As a client inside a cluster: it knows no workspace, its token does.
  const said = await done(robot.post(reviews, review));
  expect(field(said, 'status.userInfo.username')).toBe('system:serviceaccount:default:robot');
  await done(admin.delete(`${inNamespace('serviceaccounts')}/robot`));
  await admin.until(`${inNamespace('secrets')}/robot-token`, ({ status }) => status === 404);
  const tokenReview = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: plain['token'] } };
  const verdict = await done(admin.post(`${base(path)}/apis/authentication.k8s.io/v1/tokenreviews`, tokenReview));
  expect(field(verdict, 'status.authenticated')).toBeUndefined();
});

it('a token Secret without its account is removed, one of an account of before too', async () => {
  await done(admin.post(inNamespace('secrets'), tokenSecret('stray', 'nobody')));
  await admin.until(`${inNamespace('secrets')}/stray`, ({ status }) => status === 404);
  const older = tokenSecret('older', 'default');
  Object.assign(older.metadata.annotations, { 'kubernetes.io/service-account.uid': 'another' });
  await done(admin.post(inNamespace('secrets'), older));
  await admin.until(`${inNamespace('secrets')}/older`, ({ status }) => status === 404);
});

it('the default account and the authorities of a namespace come back, and go with it', async () => {
  const namespaces = `${base(path)}/api/v1/namespaces`;
  await done(admin.post(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'refilled' } }));
  const account = `${inNamespace('serviceaccounts', 'refilled')}/default`;
  const authorities = `${inNamespace('configmaps', 'refilled')}/kube-root-ca.crt`;
  const data = field((await admin.get(authorities)).body, 'data');
  for (const url of [account, authorities]) {
    const { uid } = (await admin.get(url)).body.metadata;
    await done(admin.delete(url));
    await admin.until(url, ({ status, body }) => status === 200 && body.metadata.uid !== uid);
  }
  await done(admin.patch(authorities, { data: { 'ca.crt': 'mine', more: 'x' } }));
  await admin.until(authorities, ({ body }) => JSON.stringify(field(body, 'data')) === JSON.stringify(data));
  await done(admin.delete(`${namespaces}/refilled`));
  await admin.until(`${namespaces}/refilled`, ({ status }) => status === 404);
  expect((await admin.get(account)).status).toBe(404);
});

it('what comes with a namespace, or comes back, is shown to those that it is granted to', async () => {
  const claim: Claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  const provider = await makeWorkspace(admin, 'root', 'claiming');
  const consumer = await makeWorkspace(admin, 'root', 'granting');
  await provide(admin, provider.path, 'cowboys', 'cowboys', [claim]);
  await bind(admin, consumer.path, provider.path, 'cowboys', [accepted(claim)]);
  const virtual = await virtualWorkspace(admin, provider.path, 'cowboys');
  const seen = `${virtual}/clusters/${consumer.cluster}/api/v1/namespaces/late/configmaps`;
  await admin.until(`${virtual}/clusters/${consumer.cluster}/api/v1/namespaces/default/configmaps`, ({ body }) =>
    names(body).includes('kube-root-ca.crt'),
  );
  const namespaces = `${base(consumer.path)}/api/v1/namespaces`;
  await done(admin.post(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late' } }));
  await using reader = await readerOf(provider.path);
  const isVisible = () => reader.until(seen, ({ body }) => names(body).includes('kube-root-ca.crt'));
  await isVisible();
  const { uid } = (await admin.get(`${namespaces}/late/configmaps/kube-root-ca.crt`)).body.metadata;
  await done(admin.delete(`${namespaces}/late/configmaps/kube-root-ca.crt`));
  await reader.until(`${seen}/kube-root-ca.crt`, ({ status, body }) => status === 200 && body.metadata.uid !== uid);
});

/** A service account of a provider that may read what it is granted. */
async function readerOf(workspace: string): Promise<ApiClient> {
  const content = { apiGroups: ['apis.kcp.io'], resources: ['apiexports/content'], verbs: ['*'] };
  const accounts = `${base(workspace)}/api/v1/namespaces/default/serviceaccounts`;
  await grant(admin, workspace, 'content', 'system:serviceaccount:default:default', [content]);
  await bindRole(admin, workspace, 'access', 'system:serviceaccount:default:default', 'system:kcp:workspace:access');
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { body } = await admin.post(`${accounts}/default/token`, request);
  return server.client({ token: String(field(body, 'status.token')) });
}

it('a name that a definition gives up goes to the one that waits for it', async () => {
  const definitions = definitionsOf(path);
  const named = (plural: string, kind: string, shortName: string) => {
    const made = definition(plural, { group: 'names.example.com' });
    return { ...made, spec: { ...made.spec, names: { plural, kind, shortNames: [shortName] } } };
  };
  const accepts = (name: string, status: string) =>
    admin.until(
      `${definitions}/${name}.names.example.com`,
      ({ body }) => condition(body, 'NamesAccepted')?.startsWith(status) === true,
    );
  await done(admin.post(definitions, named('alphas', 'Alpha', 'qk')));
  await accepts('alphas', 'True');
  await done(admin.post(definitions, named('betas', 'Beta', 'qk')));
  await accepts('betas', 'False');
  await done(admin.patch(`${definitions}/alphas.names.example.com`, { spec: { names: { shortNames: ['al'] } } }));
  const { body } = await accepts('betas', 'True');
  expect(field(body, 'status.acceptedNames.shortNames')).toEqual(['qk']);
  expect(condition(body, 'Established')).toMatch(/^True/);
});

it('a definition that is going away says that it can be emptied, and lets finalizers be cleared', async () => {
  const url = `${definitionsOf(path)}/heldthings.wild.west`;
  const held = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/heldthings`;
  await define(admin, path, 'heldthings');
  const { kind } = field((await admin.get(url)).body, 'spec.names') as { kind: string };
  await done(admin.post(held, custom(kind, 'held', { metadata: { name: 'held', finalizers: ['e.com/x'] } })));
  await done(admin.delete(url));
  const verbs = ['delete', 'deletecollection', 'get', 'list', 'watch'];
  await admin.until(`${base(path)}/apis/wild.west/v1alpha1`, ({ body }) => {
    const resources = (field(body, 'resources') ?? []) as { name: string; verbs: string[] }[];
    return JSON.stringify(resources.find(({ name }) => name === 'heldthings')?.verbs) === JSON.stringify(verbs);
  });
  expect((await admin.post(held, custom(kind, 'new'))).status).toBe(403);
  await done(admin.patch(`${held}/held`, { metadata: { finalizers: null } }));
  await admin.until(url, ({ status }) => status === 404);
});
