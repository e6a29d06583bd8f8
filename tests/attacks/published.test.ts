/** Attacks that succeeded against other systems, shown to be impossible here. */
import { reservedGroups } from '@kcp-ts/authz';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { installation } from '../harness/config.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  admit,
  base,
  bind,
  bindRole,
  configMapsOf,
  definitionsOf,
  logicalClusterOf,
  makeWorkspace,
  provide,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
let owner: ApiClient;
let mine: MadeWorkspace;
let virtual: string;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  owner = server.as('user-1');
  mine = await makeWorkspace(admin, 'root', 'mine', { type: { path: 'root', name: 'universal' } });
  await admit(admin, mine.path, 'user-1');
  await bindRole(admin, mine.path, 'all', 'user-1', 'cluster-admin');
  await provide(admin, mine.path, 'cowboys', 'cowboys');
  await bind(admin, mine.path, mine.path, 'cowboys');
  virtual = await virtualWorkspace(admin, mine.path, 'cowboys');
});

afterAll(() => server[Symbol.asyncDispose]());

const entries = () => [
  configMapsOf(mine.path),
  configMapsOf(mine.cluster),
  `${virtual}/clusters/${mine.cluster}/apis/wild.west/v1alpha1/cowboys`,
  `${virtual}/clusters/*/apis/wild.west/v1alpha1/cowboys`,
  configMapsOf('root'),
  '/clusters/*/api/v1/configmaps',
  '/metrics',
  '/version',
  `${base(mine.path)}/openapi/v3`,
];

it('a workspace admin cannot impersonate a reserved group through any entry (GHSA-c7xh-gjv4-4jgv)', async () => {
  const groups = new Set<string>([
    ...reservedGroups.names,
    ...reservedGroups.prefixes.map((prefix) => `${prefix}anything`),
  ]);
  groups.delete('system:authenticated');
  expect(groups.size).toBeGreaterThan(5);
  for (const group of groups) {
    for (const path of entries()) {
      const refused = await owner.get(path, { 'impersonate-user': 'user-1', 'impersonate-group': group });
      expect(refused.status, `${path} as ${group}: ${refused.text}`).toBe(403);
    }
  }
});

it('a list of groups in one header is one group of a strange name', async () => {
  const headers = {
    'content-type': 'application/json',
    'impersonate-user': 'user-1',
    'impersonate-group': 'team,system:masters',
  };
  expect((await owner.get(workspacesOf(mine.path), headers)).status).toBe(200);
  for (const path of ['/clusters/root/api/v1/secrets', '/clusters/*/api/v1/secrets', '/metrics'])
    expect((await owner.get(path, headers)).status, path).toBe(403);
});

it('an impersonated identity cannot be given rights by extras', async () => {
  for (const header of [
    'impersonate-extra-authorization.kcp.io%252fwarrant',
    'impersonate-extra-AUTHORIZATION.kcp.io%2FWarrant',
    'impersonate-extra-authorization.kcp.io%2fwarrant',
    'Impersonate-Extra-Authentication.kcp.io%2Fcluster-name',
  ]) {
    const refused = await owner.get(configMapsOf(mine.path), {
      'impersonate-user': 'user-1',
      [header]: '{"user":"x","groups":["system:masters"]}',
    });
    expect([400, 403], refused.text).toContain(refused.status);
  }
});

it('a workspace admin that impersonates stays in its workspace', async () => {
  const other = await makeWorkspace(admin, 'root', 'other', { type: { path: 'root', name: 'universal' } });
  const headers = { 'impersonate-user': 'kcp-admin' };
  // The one who made the workspace is its administrator, also by way of another one's
  // impersonation.
  expect((await owner.get(configMapsOf(mine.path), headers)).status).toBe(200);
  expect((await owner.get(configMapsOf(other.path), headers)).status).toBe(403);
  expect((await owner.get(configMapsOf('root'), headers)).status).toBe(403);
  expect((await owner.get('/clusters/*/api/v1/configmaps', headers)).status).toBe(403);
});

it('X-Remote headers make nobody anybody (GHSA-c8w2-fgvx-vhv4)', async () => {
  await using nobody = server.client({});
  for (const client of [nobody, owner]) {
    for (const [user, group] of [
      ['X-Remote-User', 'X-Remote-Group'],
      ['x-remote-user', 'x-remote-groups'],
      ['X-Remote-Username', 'X-Remote-Extra-Authorization.kcp.io%2Fwarrant'],
      ['x_remote_user', 'x_remote_group'],
      ['x-forwarded-user', 'x-forwarded-groups'],
    ]) {
      const headers = { [user ?? '']: 'shard-admin', [group ?? '']: 'system:masters' };
      for (const path of [
        '/clusters/root/api/v1/secrets',
        '/clusters/*/api/v1/secrets',
        '/metrics',
        '/clusters/system:admin/apis/rbac.authorization.k8s.io/v1/clusterroles',
      ]) {
        const refused = await client.get(path, headers);
        expect([401, 403], `${path} ${refused.text}`).toContain(refused.status);
      }
    }
  }
});

it('without credentials every route is refused, but for a short list (CVE-2026-39429)', async () => {
  // Health and version say nothing of anybody.
  const open = /^\/(livez|readyz|healthz|version)(\/|$)/;
  await using nobody = server.client({});
  const root = await admin.get<{ paths: string[] }>('/clusters/root/');
  const inside = [
    '/',
    '/api',
    '/apis',
    '/api/v1',
    '/api/v1/secrets',
    '/api/v1/namespaces/default/configmaps/x',
    '/apis/apis.kcp.io',
    '/apis/tenancy.kcp.io/v1alpha1/workspaces',
    '/apis/tenancy.kcp.io/v1alpha1/workspaces/~',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/api/v1',
    '/metrics',
    '/nothing',
    ...(Array.isArray(root.body.paths) ? root.body.paths : []),
  ];
  const prefixes = [
    '',
    '/clusters/root',
    `/clusters/${mine.cluster}`,
    '/clusters/*',
    '/clusters/system:admin',
    '/clusters/unknown',
    `${virtual}/clusters/*`,
    `${virtual}/clusters/${mine.cluster}`,
    '/services/apiexport/root/tenancy.kcp.io/clusters/*',
    '/services/initializingworkspaces/x/clusters/*',
    '/services/cache/shards/*/clusters/*',
    '/cache',
    '/debug/pprof',
    '/logs',
    '/configz',
    '/.well-known/openid-configuration',
    '/openid/v1/jwks',
  ];
  for (const prefix of prefixes) {
    for (const rest of new Set(inside)) {
      const path = `${prefix}${rest}`;
      // The metrics of a workspace are not implemented for anybody.
      if (/^\/clusters\/[^/]+\/metrics$/.test(path)) continue;
      if (open.test(rest)) continue;
      const methods: readonly string[] =
        rest === '/api/v1/secrets' || rest === '/api/v1/namespaces/default/configmaps/x'
          ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
          : ['GET'];
      for (const method of methods) {
        const refused = await nobody.request(
          method,
          path,
          method === 'GET' || method === 'OPTIONS' ? undefined : { apiVersion: 'v1' },
        );
        expect(
          method === 'OPTIONS' ? [401, 403, 405] : [401, 403],
          `${method} ${path}: ${refused.text.slice(0, 300)}`,
        ).toContain(refused.status);
      }
    }
  }
  for (const path of ['/livez', '/readyz', '/healthz']) expect((await nobody.get(path)).status, path).toBe(200);
});

it('a wrong token is no better than none', async () => {
  await using stranger = server.client({ token: 'token-of-nobody' });
  for (const path of entries()) {
    if (path === '/version') continue;
    // A front-proxy lets nobody at all clusters at once, and looks at no token.
    const refused = installation === 'cluster' && path.startsWith('/clusters/*') ? 403 : 401;
    expect((await stranger.get(path)).status, path).toBe(refused);
  }
});

it('a workspace admin cannot move its own logical cluster on (GHSA-q6hv-wcjr-wp8h)', async () => {
  const url = logicalClusterOf(mine.path);
  for (const status of [
    { phase: 'Initializing' },
    { phase: 'Scheduling' },
    { phase: 'Inactive' },
    { initializers: ['root:other'] },
  ]) {
    const refused = await owner.patch(`${url}/status`, { status });
    expect([403, 422], refused.text).toContain(refused.status);
  }
  const workspaceStatus = await owner.patch(`${workspacesOf(mine.path)}/x/status`, { status: { phase: 'Ready' } });
  expect([403, 404]).toContain(workspaceStatus.status);
});

it('bombs of JSON and YAML are refused and cost little (CVE-2019-11253)', async () => {
  const laughs = [
    'a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]',
    ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(',')}]`),
  ].join('\n');
  const yaml = await owner.request(
    'POST',
    configMapsOf(mine.path),
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n${laughs}\n`,
    { 'content-type': 'application/yaml' },
  );
  expect([400, 413, 422], yaml.text.slice(0, 300)).toContain(yaml.status);
  const deep = 100_000;
  const json = await owner.request(
    'POST',
    configMapsOf(mine.path),
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"data":${'['.repeat(deep)}${']'.repeat(deep)}}`,
  );
  expect([400, 413, 422]).toContain(json.status);
  const schema = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x.y"},"spec":${'{"properties":'.repeat(20_000)}1${'}'.repeat(20_000)}}`;
  expect([400, 413, 422]).toContain((await owner.request('POST', definitionsOf(mine.path), schema)).status);
  expect((await owner.get(configMapsOf(mine.path))).status).toBe(200);
});
