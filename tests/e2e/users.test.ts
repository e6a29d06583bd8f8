/**
 * A provider, its consumers and its controller, as people and programs with credentials of their
 * own.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kubectl } from './kubectl.ts';
import { findKubectls } from './kubectl.ts';
import { skipIfNone } from './skip-if-none.ts';
import type { Credentials, Stage } from './stage.ts';
import { openStage } from './stage.ts';

const examples = resolve(import.meta.dirname, '../../examples');
const kubectls = await findKubectls();
skipIfNone(kubectls);

const tokens = ['carls-token,carl,1001,"shoppers,members"', 'doras-token,dora,1002,members', 'stans-token,stan,1003'];

const membership = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: member}
rules:
- {nonResourceURLs: ["/"], verbs: [access]}
- {apiGroups: [tenancy.kcp.io], resources: [workspaces], verbs: [create, get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: members}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: member}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: members}
`;

const binder = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: binder}
rules:
- {apiGroups: [apis.kcp.io], resources: [apiexports], resourceNames: [factory.example.com], verbs: [bind]}
`;

/** All that kubectl tells of a refused request for discovery, whatever its body says. */
const refusedDiscovery = 'Error from server (Forbidden): unknown\n';

const refusedSignIn = /You must be logged in to the server/;

describe.for(kubectls)('with $name', { timeout: 180_000 }, (kubectl: Kubectl) => {
  let stage: Stage;
  let paula: Credentials;
  let cora: Credentials;
  const carl = { token: 'carls-token' };
  const dora = { token: 'doras-token' };
  const stan = { token: 'stans-token' };
  let robot: Credentials;
  let contentUrl: string;
  const at = (where: string, who: Credentials) => stage.person(kubectl, where, who);
  const binding = async () =>
    (await readFile(join(examples, 'binding.yaml'), 'utf8')).replace('root:provider', 'root:acme:provider');

  beforeAll(async () => {
    stage = await openStage({ tokens });
    paula = await stage.mint('paula', ['members']);
    cora = await stage.mint('cora', ['members', 'shoppers']);
    const admin = await stage.admin(kubectl);
    await admin.createWorkspace('acme');
    await admin.ok('apply -f -', membership);
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it('a certificate says who a user is, and makes them the admin of the workspace they create', async () => {
    const terminal = await at('root:acme', paula);
    expect(await terminal.createWorkspace('provider')).toContain("'root:acme:provider'");
    expect(await terminal.ok('auth can-i * *')).toBe('yes\n');
    expect(
      await terminal.ok(['apply', '-f', join(examples, 'schema.yaml'), '-f', join(examples, 'export.yaml')]),
    ).toContain('created');
    expect(await terminal.ok('apply -f -', binder)).toBe('clusterrole.rbac.authorization.k8s.io/binder created\n');
    expect(await terminal.ok('create clusterrolebinding binders --clusterrole=binder --group=shoppers')).toContain(
      'created',
    );
  });

  it.for([
    ['carl', 'a token of the token file'],
    ['cora', 'a certificate'],
  ] as const)('%s, known by %s, binds the export and uses the API', async ([name]) => {
    const terminal = await at('root:acme', name === 'carl' ? carl : cora);
    await terminal.createWorkspace(`consumer-${name}`);
    await terminal.ok('apply -f -', await binding());
    await terminal.ok('wait --for=condition=Ready apibinding/factory.example.com --timeout=10s');
    await terminal.ok(['apply', '-f', join(examples, 'widget.yaml')]);
    expect(await terminal.ok('get widgets -o name')).toBe('widget.factory.example.com/doorbell\n');
    await terminal.ok('create configmap note --from-literal=for=factory');
    await terminal.ok('create secret generic own --from-literal=a=b');
  });

  it('one who may not bind the export is refused', async () => {
    const terminal = await at('root:acme', dora);
    await terminal.createWorkspace('consumer-dora');
    const refused = await terminal.fails('apply -f -', await binding());
    expect(refused).toContain(
      'is forbidden: unable to create APIBinding: no permission to bind to export root:acme:provider:factory.example.com',
    );
    expect(await terminal.ok('get apibindings -o name')).not.toContain('factory.example.com');
  });

  it('consumers see neither one another nor the provider', async () => {
    for (const where of ['root:acme:consumer-cora', 'root:acme:provider']) {
      const terminal = await at(where, carl);
      expect(await terminal.fails('get configmaps')).toContain(refusedDiscovery);
      expect(await terminal.fails(`get --raw /clusters/${where}/api/v1/namespaces/default/configmaps`)).toBe(
        'Error from server (Forbidden): configmaps is forbidden: User "carl" cannot list resource "configmaps" in API group "" in the namespace "default": access denied\n',
      );
      expect(await terminal.fails('create configmap mine')).toContain(
        'User "carl" cannot create resource "configmaps"',
      );
    }
    expect(await (await at('root:acme:consumer-carl', carl)).ok('get widgets -o name')).toContain('doorbell');
  });

  it("the provider's controller reaches every consumer through the export's URL, and nothing else", async () => {
    const provider = await at('root:acme:provider', paula);
    const url = 'get apiexportendpointslice factory.example.com -o jsonpath={.status.endpoints[0].url}';
    contentUrl = await provider.until(url, (printed) => printed.startsWith('https:'));
    await provider.ok('create serviceaccount robot');
    await provider.ok('create clusterrole content --verb=* --resource=apiexports.apis.kcp.io/content');
    await provider.ok('create clusterrolebinding content --clusterrole=content --serviceaccount=default:robot');
    robot = { token: (await provider.ok('create token robot')).trim() };

    const everywhere = await at(`${contentUrl}/clusters/*`, robot);
    const list = 'get widgets -A -o jsonpath={range.items[*]}{.metadata.annotations.kcp\\.io/cluster}{"\\n"}{end}';
    const clusters = (await everywhere.ok(list)).trim().split('\n');
    expect(clusters).toHaveLength(2);
    expect((await everywhere.ok('get configmaps -A')).match(/ note /g)).toHaveLength(2);
    expect(await everywhere.fails('get secrets -A')).toContain('the server doesn\'t have a resource type "secrets"');
    for (const cluster of clusters) {
      const consumer = await at(`${contentUrl}/clusters/${cluster}`, robot);
      const status = ['--subresource=status', '--type=merge', '-p', '{"status":{"phase":"Making"}}'];
      expect(await consumer.ok(['patch', 'widget', 'doorbell', ...status])).toContain('patched');
      expect(await consumer.fails('delete configmap note')).toContain('Forbidden');
    }
    expect(await (await at('root:acme:consumer-carl', carl)).ok('get widgets')).toMatch(/^doorbell .* Making /m);
    expect(await (await at('root:acme:consumer-carl', robot)).fails('get widgets')).toContain('Forbidden');
  });

  it('a member may do what the role says and no more', async () => {
    const member = await at('root:acme', dora);
    expect(await member.ok('get workspaces -o name')).toContain('workspace.tenancy.kcp.io/provider');
    expect(await member.fails('delete workspace provider')).toBe(
      'Error from server (Forbidden): workspaces.tenancy.kcp.io "provider" is forbidden: User "dora" cannot delete resource "workspaces" in API group "tenancy.kcp.io" at the cluster scope: access denied\n',
    );
    expect(await member.fails('get secrets -A')).toContain(
      'User "dora" cannot list resource "secrets" in API group "" at the cluster scope',
    );
  });

  it('a stranger gets 403 everywhere', async () => {
    for (const who of [stan, carl]) {
      const text = await (await at(`${contentUrl}/clusters/*`, who)).fails('get widgets -A');
      expect(text).toContain('Error from server (Forbidden): ');
    }
    const stranger = await at('root:acme', stan);
    expect(await stranger.fails('get workspaces')).toContain(refusedDiscovery);
    expect(await stranger.fails('get --raw /clusters/root:acme/apis/tenancy.kcp.io/v1alpha1/workspaces')).toBe(
      'Error from server (Forbidden): workspaces.tenancy.kcp.io is forbidden: User "stan" cannot list resource "workspaces" in API group "tenancy.kcp.io" at the cluster scope: access denied\n',
    );
    expect(await (await at('root:nowhere', stan)).fails('get configmaps')).toContain(refusedDiscovery);
  });

  it('nobody gets in without credentials, or with wrong ones', async () => {
    // Without any, kubectl asks for a name and a password before it asks the server, which takes
    // neither.
    const anonymous = await at('root:acme', {});
    const nobody = ['--username=nobody', '--password=nothing'];
    expect(await anonymous.fails(['get', 'workspaces', ...nobody])).toContain(refusedDiscovery);
    const workspaces = ['get', '--raw', '/clusters/root:acme/apis/tenancy.kcp.io/v1alpha1/workspaces'];
    expect(await anonymous.fails([...workspaces, ...nobody])).toContain(
      'User "system:anonymous" cannot list resource "workspaces"',
    );
    const liar = await at('root:acme', { token: 'no-such-token' });
    expect(await liar.fails('get workspaces')).toMatch(refusedSignIn);
    const forged = await at('root:acme', { token: `${robot.token?.slice(0, -8)}AAAAAAAA` });
    expect(await forged.fails('get workspaces')).toMatch(refusedSignIn);
  });
});
