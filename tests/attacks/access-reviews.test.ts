/**
 * An access review never disagrees with what happens: in random workspaces, for random users and
 * requests, the request is refused exactly where a SelfSubjectAccessReview of the user says so,
 * where a SubjectAccessReview about the user says so, and where the model does.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  base,
  bind,
  done,
  exportsOf,
  field,
  logicalClusterOf,
  makeWorkspace,
  provide,
  rbacOf,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';
import type {
  Attributes,
  ModelBinding,
  ModelRbac,
  ModelRole,
  ModelRule,
  ModelScenario,
  ModelUser,
} from './rbac-model.ts';
import { mayIn, mayThroughExport } from './rbac-model.ts';

const seed = Number(process.env['KCP_PROPERTY_SEED'] ?? Date.now() % 0x7fffffff);
const scenariosMax = 25;
/** New scenarios are not begun after this. */
const timeMs = 20_000;

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;
const universal = { type: { path: 'root', name: 'universal' } };

let server: ServerWithUsers;
let admin: ApiClient;
let source: MadeWorkspace;
let foreign: MadeWorkspace;
let foreignToken: string;
let virtual: string;
let system: ModelRbac;
let provider: ModelRbac;

async function itemsOf<T>(client: ApiClient, path: string): Promise<readonly T[]> {
  return (field(await done(client.get(path)), 'items') ?? []) as T[];
}

async function rbacIn(client: ApiClient, path: string): Promise<ModelRbac> {
  const [roles, clusterRoles, bindings, clusterBindings] = await Promise.all([
    itemsOf<ModelRole>(client, `${rbacOf(path)}/roles`),
    itemsOf<ModelRole>(client, `${rbacOf(path)}/clusterroles`),
    itemsOf<ModelBinding>(client, `${rbacOf(path)}/rolebindings`),
    itemsOf<ModelBinding>(client, `${rbacOf(path)}/clusterrolebindings`),
  ]);
  return { roles: [...roles, ...clusterRoles], bindings: [...bindings, ...clusterBindings] };
}

async function robotToken(path: string): Promise<string> {
  const accounts = `${base(path)}/api/v1/namespaces/default/serviceaccounts`;
  await done(admin.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } }));
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  return String(field(await done(admin.post(`${accounts}/robot/token`, request)), 'status.token'));
}

function bindingOf(name: string, role: string, subject: object, kind = 'ClusterRole') {
  return { apiVersion, metadata: { name }, roleRef: { apiGroup: group, kind, name: role }, subjects: [subject] };
}

const person = (kind: 'User' | 'Group', name: string) => ({ apiGroup: group, kind, name });

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  source = await makeWorkspace(admin, 'root', 'reviews-provider', universal);
  foreign = await makeWorkspace(admin, 'root', 'reviews-foreign', universal);
  foreignToken = await robotToken(foreign.path);
  await provide(admin, source.path, 'cowboys', 'cowboys');
  await done(admin.patch(`${exportsOf(source.path)}/cowboys`, { spec: { maximalPermissionPolicy: { local: {} } } }));
  const rules = (verbs: string[], resources: string[], apiGroups = ['wild.west']) => [{ apiGroups, resources, verbs }];
  const roles: Record<string, object[]> = {
    reads: rules(['get', 'list', 'watch'], ['cowboys', 'cowboys/status']),
    all: rules(['*'], ['*']),
    content: rules(['list'], ['apiexports/content'], ['apis.kcp.io']),
  };
  for (const [name, of] of Object.entries(roles))
    await done(
      admin.post(`${rbacOf(source.path)}/clusterroles`, {
        apiVersion,
        kind: 'ClusterRole',
        metadata: { name },
        rules: of,
      }),
    );
  const prefix = 'apis.kcp.io:binding:';
  for (const [at, [role, subject]] of [
    ['reads', person('Group', `${prefix}team`)] as const,
    ['reads', person('Group', `${prefix}system:authenticated`)] as const,
    ['all', person('User', `${prefix}user-1`)] as const,
    ['all', person('User', `${prefix}erin`)] as const,
    ['all', person('User', `${prefix}system:kcp:serviceaccount:${foreign.cluster}:default:robot`)] as const,
    ['all', person('Group', 'apis.kcp.dev:binding:system:authenticated')] as const,
    ['content', person('User', 'user-2')] as const,
    ['content', person('Group', `system:cluster:${foreign.cluster}`)] as const,
  ].entries())
    await done(
      admin.post(`${rbacOf(source.path)}/clusterrolebindings`, {
        ...bindingOf(`b-${at}`, role, subject),
        kind: 'ClusterRoleBinding',
      }),
    );
  system = await rbacIn(server.shardAdmin, 'system:admin');
  provider = await rbacIn(admin, source.path);
  // The endpoint appears with the first consumer; what other shards know of the rights is settled
  // when a user sees through it.
  await bind(admin, foreign.path, source.path, 'cowboys');
  virtual = await virtualWorkspace(admin, source.path, 'cowboys');
});

afterAll(() => server[Symbol.asyncDispose]());

/** A request, and what a review of it asks. */
interface Request {
  readonly method: string;
  /** Behind the workspace's prefix. */
  readonly path: string;
  readonly body?: object;
  readonly asked: Attributes;
}

/**
 * Requests that are refused with 403 by authorization or not at all. What they change has no part
 * in that.
 */
function requestsIn(namespace: string, name: string): readonly Request[] {
  const ofConfigMaps = { resource: 'configmaps', namespace };
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  const selected = `fieldSelector=metadata.name%3D${name}`;
  const namespaces = `/api/v1/namespaces`;
  const cowboys = `/apis/wild.west/v1alpha1/namespaces/${namespace}/cowboys`;
  const ofCowboys = { group: 'wild.west', resource: 'cowboys', namespace };
  const ofExports = { group: 'apis.kcp.io', resource: 'apiexports' };
  const get = (path: string, asked: Attributes): Request => ({ method: 'GET', path, asked });
  return [
    get(configMaps, { verb: 'list', ...ofConfigMaps }),
    get(`${configMaps}?${selected}`, { verb: 'list', ...ofConfigMaps, name }),
    get(`${configMaps}?fieldSelector=metadata.name!%3D${name}`, { verb: 'list', ...ofConfigMaps }),
    // Authorized, this watch is a bad request: it would not end by itself.
    get(`${configMaps}?watch=true&resourceVersion=x&${selected}`, { verb: 'watch', ...ofConfigMaps, name }),
    get(`${configMaps}/${name}`, { verb: 'get', ...ofConfigMaps, name }),
    { method: 'HEAD', path: `${configMaps}/${name}`, asked: { verb: 'get', ...ofConfigMaps, name } },
    { method: 'POST', path: configMaps, body: { metadata: { name } }, asked: { verb: 'create', ...ofConfigMaps } },
    { method: 'PUT', path: `${configMaps}/${name}`, body: {}, asked: { verb: 'update', ...ofConfigMaps, name } },
    { method: 'DELETE', path: `${configMaps}/${name}`, asked: { verb: 'delete', ...ofConfigMaps, name } },
    {
      method: 'DELETE',
      path: `${configMaps}?dryRun=All&${selected}`,
      asked: { verb: 'deletecollection', ...ofConfigMaps },
    },
    get('/api/v1/configmaps', { verb: 'list', resource: 'configmaps' }),
    get(namespaces, { verb: 'list', resource: 'namespaces' }),
    get(`${namespaces}?fieldSelector=metadata.name%3D${namespace}`, {
      verb: 'list',
      resource: 'namespaces',
      name: namespace,
    }),
    get(`${namespaces}/${namespace}`, { verb: 'get', resource: 'namespaces', namespace, name: namespace }),
    get(`${namespaces}/${namespace}/status`, {
      verb: 'get',
      resource: 'namespaces',
      subresource: 'status',
      namespace,
      name: namespace,
    }),
    {
      method: 'POST',
      path: `${namespaces}/${namespace}/serviceaccounts/${name}/token`,
      body: {},
      asked: { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace, name },
    },
    get(`${cowboys}`, { verb: 'list', ...ofCowboys }),
    get(`${cowboys}/${name}`, { verb: 'get', ...ofCowboys, name }),
    get(`${cowboys}/${name}/status`, { verb: 'get', ...ofCowboys, name, subresource: 'status' }),
    { method: 'DELETE', path: `${cowboys}/${name}`, asked: { verb: 'delete', ...ofCowboys, name } },
    get('/apis/apis.kcp.io/v1alpha2/apiexports', { verb: 'list', ...ofExports }),
    get(`/apis/apis.kcp.io/v1alpha2/apiexports/${name}/status`, {
      verb: 'get',
      ...ofExports,
      name,
      subresource: 'status',
    }),
    get('/version', { verb: 'get', path: '/version' }),
    get('/openapi/v3', { verb: 'get', path: '/openapi/v3' }),
    get('/livez', { verb: 'get', path: '/livez' }),
    get('/livez/ping', { verb: 'get', path: '/livez/ping' }),
    { method: 'HEAD', path: '/version', asked: { verb: 'head', path: '/version' } },
  ];
}

/**
 * The same objects by the name that the group had first: whatever the answer, a review gives the
 * same.
 */
const aliases: readonly Request[] = [
  {
    method: 'GET',
    path: '/apis/apis.kcp.dev/v1alpha1/apiexports',
    asked: { verb: 'list', group: 'apis.kcp.dev', resource: 'apiexports' },
  },
];

const some = <T>(...values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const anyRule: fc.Arbitrary<ModelRule> = fc.oneof(
  fc.record({
    apiGroups: some('', 'wild.west', 'apis.kcp.io', 'apis.kcp.dev'),
    resources: fc.oneof(
      some('configmaps', 'namespaces', 'cowboys', 'serviceaccounts/token', 'cowboys/status', 'apiexports'),
      fc.constant(['*']),
      fc.constant(['*/status']),
    ),
    verbs: fc.oneof(some('get', 'list', 'watch', 'create', 'update', 'delete', 'deletecollection'), fc.constant(['*'])),
    resourceNames: fc.oneof(fc.constant([]), some('a', 'robot', 'default', 'other')),
  }),
  fc.record({ nonResourceURLs: some('/version', '/livez/*', '/openapi/*', '/'), verbs: some('get', 'head', 'access') }),
);
const namespacedRule = anyRule.filter(({ nonResourceURLs }) => nonResourceURLs === undefined);

const subjects = [
  person('User', 'user-1'),
  person('User', 'user-2'),
  person('User', 'erin'),
  person('Group', 'team'),
  person('Group', 'vip'),
  person('Group', 'system:authenticated'),
  { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
  'foreign account',
  'foreign cluster',
  'own cluster',
] as const;
const subject = fc.constantFrom(...subjects);
const localRoles = ['view', 'one', 'two'];

const scenario = fc.record({
  roles: fc.array(fc.record({ name: fc.constantFrom(...localRoles), rules: fc.array(anyRule, { maxLength: 3 }) }), {
    maxLength: 3,
  }),
  namespacedRoles: fc.array(
    fc.record({ name: fc.constantFrom('one', 'two'), rules: fc.array(namespacedRule, { maxLength: 3 }) }),
    { maxLength: 2 },
  ),
  bindings: fc.array(
    fc.record({
      subject,
      role: fc.constantFrom(...localRoles, 'edit', 'cluster-admin', 'system:kcp:workspace:access', 'nowhere'),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  namespacedBindings: fc.array(
    fc.record({ subject, kind: fc.constantFrom('Role', 'ClusterRole'), role: fc.constantFrom(...localRoles, 'admin') }),
    { maxLength: 4 },
  ),
  /** Most can get in: otherwise there is little to see. */
  access: fc.constantFrom('system:authenticated', 'system:authenticated', 'team', 'nobody'),
  requiredGroups: fc.constantFrom('', '', '', 'team', 'vip', 'vip;system:authenticated'),
  namespace: fc.constantFrom('default', 'other'),
  name: fc.constantFrom('a', 'b', 'robot'),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function uniqueByName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return [...new Map(list.map((one) => [one.name, one])).values()];
}

let made = 0;

async function make(described: Scenario): Promise<MadeWorkspace> {
  const ours = await makeWorkspace(admin, 'root', `reviews-${made++}`, universal);
  await bind(admin, ours.path, source.path, 'cowboys');
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } };
  await done(admin.post(`${base(ours.path)}/api/v1/namespaces`, namespace));
  const rbac = rbacOf(ours.path);
  const inOther = `${rbac}/namespaces/other`;
  const subjectOf = (one: (typeof subjects)[number]) => {
    if (one === 'foreign account') return person('User', `system:kcp:serviceaccount:${foreign.cluster}:default:robot`);
    if (one === 'foreign cluster') return person('Group', `system:cluster:${foreign.cluster}`);
    return one === 'own cluster' ? person('Group', `system:cluster:${ours.cluster}`) : one;
  };
  const role = (kind: string, { name, rules }: { name: string; rules: readonly ModelRule[] }) => ({
    apiVersion,
    kind,
    metadata: { name },
    rules,
  });
  for (const one of uniqueByName(described.roles))
    await done(admin.post(`${rbac}/clusterroles`, role('ClusterRole', one)));
  for (const one of uniqueByName(described.namespacedRoles))
    await done(admin.post(`${inOther}/roles`, role('Role', one)));
  const all = [
    { role: 'system:kcp:workspace:access', subject: person('Group', described.access) },
    ...described.bindings.map((one) => ({ role: one.role, subject: subjectOf(one.subject) })),
  ];
  for (const [at, one] of all.entries())
    await done(
      admin.post(`${rbac}/clusterrolebindings`, {
        ...bindingOf(`b-${at}`, one.role, one.subject),
        kind: 'ClusterRoleBinding',
      }),
    );
  for (const [at, one] of described.namespacedBindings.entries())
    await done(
      admin.post(`${inOther}/rolebindings`, {
        ...bindingOf(`b-${at}`, one.role, subjectOf(one.subject), one.kind),
        kind: 'RoleBinding',
      }),
    );
  if (described.requiredGroups !== '')
    await done(
      server.shardAdmin.patch(logicalClusterOf(ours.cluster), {
        metadata: { annotations: { 'authorization.kcp.io/required-groups': described.requiredGroups } },
      }),
    );
  return ours;
}

/** Somebody, how they say who they are, and how the server sees them. */
interface Identity {
  readonly label: string;
  readonly client: ApiClient;
  readonly headers: Readonly<Record<string, string>>;
  readonly user: ModelUser;
}

function identities(ours: MadeWorkspace, own: ApiClient, stranger: ApiClient): readonly Identity[] {
  const account = 'system:serviceaccount:default:robot';
  const accounts = ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'];
  const plain = (name: string): Identity => ({
    label: name,
    client: server.as(name),
    headers: {},
    user: { name, groups: ['team', 'system:authenticated'] },
  });
  const robot = (label: string, client: ApiClient, heldTo: string): Identity => ({
    label,
    client,
    headers: {},
    user: { name: account, groups: accounts, heldTo, account: 'default:robot' },
  });
  const as = (name: string, groups: readonly string[], more: Readonly<Record<string, string>> = {}): Identity => ({
    label: `impersonated ${name}`,
    client: admin,
    headers: { 'impersonate-user': name, ...more },
    user: { name, groups: [...groups], heldTo: ours.cluster },
  });
  return [
    plain('user-1'),
    plain('user-2'),
    plain('user-3'),
    robot('own account', own, ours.cluster),
    robot('foreign account', stranger, foreign.cluster),
    as('erin', ['vip', 'system:authenticated'], { 'impersonate-group': 'vip' }),
    as('user-1', ['system:authenticated']),
    as(account, accounts),
    {
      label: 'shard-admin',
      client: server.shardAdmin,
      headers: {},
      user: { name: 'shard-admin', groups: ['system:masters', 'system:authenticated'] },
    },
  ];
}

function reviewSpec({ path, group: apiGroup = '', verb, ...resource }: Attributes): object {
  return path === undefined
    ? { resourceAttributes: { verb, group: apiGroup, ...resource } }
    : { nonResourceAttributes: { verb, path } };
}

function subjectSpec({ name, groups, heldTo, account }: ModelUser): object {
  if (heldTo === undefined) return { user: name, groups };
  const scopes = { 'authentication.kcp.io/scopes': [`cluster:${heldTo}`] };
  const home = account === undefined ? {} : { 'authentication.kcp.io/cluster-name': [heldTo] };
  return { user: name, groups, extra: { ...scopes, ...home } };
}

async function reviewed(
  { client, headers }: Pick<Identity, 'client' | 'headers'>,
  ours: MadeWorkspace,
  kind: 'SelfSubjectAccessReview' | 'SubjectAccessReview',
  spec: object,
): Promise<boolean> {
  const path = `${base(ours.cluster)}/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const answer = await client.request('POST', path, { apiVersion: 'authorization.k8s.io/v1', kind, spec }, headers);
  // Who may not even ask may do nothing.
  return answer.status === 201 && field(answer.body, 'status.allowed') === true;
}

/** Whether the request was let through, whatever became of it then. */
async function happened({ client, headers }: Identity, prefix: string, request: Request): Promise<boolean> {
  const { status, text } = await client.request(request.method, `${prefix}${request.path}`, request.body, headers);
  expect(status, `${request.method} ${request.path}: ${text}`).toBeLessThan(500);
  return status !== 403;
}

const always = (asked: Attributes) => asked.path === '/livez';

let allowedCount = 0;
let refusedCount = 0;

async function check(described: Scenario): Promise<void> {
  const ours = await make(described);
  const own = await rbacIn(admin, ours.path);
  const model: ModelScenario = {
    cluster: ours.cluster,
    own,
    system,
    provider,
    providerCluster: source.cluster,
    requiredGroups: described.requiredGroups,
  };
  await using robot = server.client({ token: await robotToken(ours.path) });
  await using stranger = server.client({ token: foreignToken });
  const requests = requestsIn(described.namespace, described.name);
  for (const identity of identities(ours, robot, stranger)) {
    await Promise.all(
      [...requests, ...aliases].map(async (request) => {
        const { asked } = request;
        const [real, self, about] = await Promise.all([
          happened(identity, base(ours.cluster), request),
          reviewed(identity, ours, 'SelfSubjectAccessReview', reviewSpec(asked)),
          reviewed({ client: admin, headers: {} }, ours, 'SubjectAccessReview', {
            ...reviewSpec(asked),
            ...subjectSpec(identity.user),
          }),
        ]);
        const expected = aliases.includes(request) ? real : mayIn(model, identity.user, asked);
        const answers = { real, self: self || always(asked), about, model: expected };
        const what = `${identity.label}: ${request.method} ${request.path}`;
        expect({ what, ...answers }).toEqual({ what, real, self: real, about: real, model: real });
        if (real) allowedCount++;
        else refusedCount++;
      }),
    );
    for (const [verb, method] of [
      ['list', 'GET'],
      ['deletecollection', 'DELETE'],
    ] as const) {
      const path = `/apis/wild.west/v1alpha1/cowboys`;
      const real = await happened(identity, `${virtual}/clusters/${ours.cluster}`, {
        method,
        path: method === 'GET' ? path : `${path}?dryRun=All`,
        asked: { verb },
      });
      // Impersonation in a virtual workspace is scoped to the provider's cluster.
      const user = identity.label.startsWith('impersonated')
        ? { ...identity.user, heldTo: source.cluster }
        : identity.user;
      const what = `${identity.label}: ${verb} through the export`;
      expect([what, real]).toEqual([what, mayThroughExport(model, user, verb, 'cowboys')]);
    }
  }
}

it(`an access review agrees with what happens, for anybody and anything (seed ${seed})`, {
  timeout: 120_000,
}, async () => {
  const begun = performance.now();
  let seen = 0;
  for (const described of fc.sample(scenario, { seed, numRuns: scenariosMax })) {
    if (seen++ > 0 && performance.now() - begun > timeMs) break;
    await check(described).catch((error: unknown) => {
      throw new Error(`scenario ${seen} of seed ${seed}: ${JSON.stringify(described)}`, { cause: error });
    });
  }
  // It saw both answers often enough to mean something.
  expect(Math.min(allowedCount, refusedCount)).toBeGreaterThan(10);
});
