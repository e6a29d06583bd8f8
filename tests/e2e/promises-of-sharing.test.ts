/**
 * What the two documents promise in words: claims by name, policies that bound consumers, providers
 * side by side.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bindingTo, contentUrl, first, readBack, widget } from './documents.ts';
import { findKubectls, oldestAndNewest } from './kubectl.ts';
import { skipIfNone } from './skip-if-none.ts';
import { openStage } from './stage.ts';

const kubectls = oldestAndNewest(await findKubectls());
skipIfNone(kubectls);

describe.for(kubectls)('with $name', { timeout: 180_000, concurrent: true }, (kubectl) => {
  it("a claim's resourceSelector grants exactly the object it names", async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    await terminal.createWorkspace('provider');
    await terminal.ok(['apply', '-f', first.schema, '-f', first.export]);
    expect(await terminal.ok(['apply', '-f', first.claims])).toContain('example.kcp.dev configured');
    expect(await readBack(terminal, 'apiexports', 'example.kcp.dev')).toMatchObject({
      spec: {
        permissionClaims: [
          { resource: 'configmaps', resourceSelector: [{ namespace: 'example-system', name: 'my-setup' }] },
          { group: 'somegroup.kcp.io', resource: 'things', all: true },
        ],
      },
    });
    await terminal.ok('ws :root');
    await terminal.createWorkspace('consumer');
    await terminal.ok('create namespace example-system');
    for (const name of ['my-setup', 'other']) await terminal.ok(`create configmap ${name} -n example-system`);
    await terminal.ok('create configmap my-setup');
    const selector = [{ namespace: 'example-system', name: 'my-setup' }];
    const claim = { group: '', resource: 'configmaps', resourceSelector: selector };
    await terminal.ok('apply -f -', bindingTo('root:provider', [{ ...claim, state: 'Rejected' }]));
    await terminal.ok('wait --for=condition=Ready apibinding/widgets --timeout=10s');
    await terminal.ok('ws :root:provider');
    const everywhere = `--server=${await contentUrl(terminal, 'example.kcp.dev')}/clusters/*`;
    const claimed = [everywhere, 'get', 'configmaps', '-A', '-o', 'name'];
    expect((await terminal.run(claimed)).stdout).toBe('');
    await terminal.ok('ws :root:consumer');
    await terminal.ok('apply -f -', bindingTo('root:provider', [{ ...claim, state: 'Accepted' }]));
    expect(await terminal.until(claimed, (names) => names !== '')).toBe('configmap/my-setup\n');
    const cluster = await terminal.ok(
      'get logicalcluster cluster -o jsonpath={.metadata.annotations.kcp\\.io/cluster}',
    );
    const consumer = `${everywhere.slice(0, -1)}${cluster}`;
    expect(
      await terminal.ok([consumer, 'get', 'configmap', 'my-setup', '-n', 'example-system', '-o', 'name']),
    ).toContain('my-setup');
    expect(await terminal.fails([consumer, 'get', 'configmap', 'other', '-n', 'example-system'])).toMatch(
      /NotFound|Forbidden/,
    );
    expect(await terminal.fails([consumer, 'get', 'configmap', 'my-setup', '-n', 'default'])).toMatch(
      /NotFound|Forbidden/,
    );
    expect(
      await terminal.ok([consumer, 'label', 'configmap', 'my-setup', '-n', 'example-system', 'seen=yes']),
    ).toContain('labeled');
  });

  it('unicorn may do in magic only what the workspace and the maximal permission policy both allow', async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    const unicorn = await stage.person(kubectl, 'root', await stage.mint('unicorn'));
    await terminal.ok('create clusterrole maker --verb=create,get,list,watch --resource=workspaces.tenancy.kcp.io');
    await terminal.ok('create clusterrolebinding makers --clusterrole=maker --user=unicorn --user=pony');
    await unicorn.createWorkspace('magic');
    expect(await unicorn.ok('auth can-i * *')).toBe('yes\n');
    await unicorn.createWorkspace('stable');
    await unicorn.ok('ws ..');
    expect(await unicorn.ok('label workspace stable kept=yes')).toContain('labeled');
    expect(await unicorn.ok(['get', 'workspace', 'stable', '--subresource=status', '-o', 'name'])).toContain('stable');
    const status = [
      'patch',
      'workspace',
      'stable',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Scheduling"}}',
    ];
    expect(await unicorn.fails(status)).toContain(
      'User "unicorn" cannot patch resource "workspaces/status" in API group "tenancy.kcp.io"',
    );
    const pony = await stage.person(kubectl, 'root:magic', await stage.mint('pony'));
    expect(await pony.fails('get --raw /clusters/root:magic/apis/tenancy.kcp.io/v1alpha1/workspaces')).toContain(
      'User "pony" cannot list resource "workspaces"',
    );
    expect(await unicorn.ok('delete workspace stable')).toContain('deleted');
  });

  it("a provider's own policy bounds even the admin of a consumer's workspace", async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    await terminal.createWorkspace('provider');
    await terminal.ok(['apply', '-f', first.schema, '-f', first.export]);
    await terminal.ok([
      'patch',
      'apiexport',
      'example.kcp.dev',
      '--type=merge',
      '-p',
      '{"spec":{"maximalPermissionPolicy":{"local":{}}}}',
    ]);
    await terminal.ok('create clusterrole bound --verb=create,get,list,watch,patch --resource=apiexports.apis.kcp.io');
    const rules = '[{"apiGroups":["example.kcp.dev"],"resources":["widgets"],"verbs":["create","get","list","patch"]}]';
    await terminal.ok(['patch', 'clusterrole', 'bound', '--type=merge', '-p', `{"rules":${rules}}`]);
    await terminal.ok(
      'create clusterrolebinding bound --clusterrole=bound --group=apis.kcp.io:binding:system:authenticated',
    );
    const binders = '[{"apiGroups":["apis.kcp.io"],"resources":["apiexports"],"verbs":["bind"]}]';
    await terminal.ok('create clusterrole binder --verb=get --resource=apiexports.apis.kcp.io');
    await terminal.ok(['patch', 'clusterrole', 'binder', '--type=merge', '-p', `{"rules":${binders}}`]);
    await terminal.ok('create clusterrolebinding binders --clusterrole=binder --user=unicorn');
    await terminal.ok('ws :root');
    await terminal.ok('create clusterrole maker --verb=create,get,list,watch --resource=workspaces.tenancy.kcp.io');
    await terminal.ok('create clusterrolebinding makers --clusterrole=maker --user=unicorn');
    const unicorn = await stage.person(kubectl, 'root', await stage.mint('unicorn'));
    await unicorn.createWorkspace('magic');
    await unicorn.ok('apply -f -', bindingTo('root:provider'));
    await unicorn.ok('wait --for=condition=Ready apibinding/widgets --timeout=10s');
    expect(await unicorn.ok('apply -f -', widget('horn'))).toContain('horn created');
    expect(await unicorn.ok('get widgets -o name')).toContain('horn');
    expect(await unicorn.fails('delete widget horn')).toContain(
      'widgets.example.kcp.dev "horn" is forbidden: User "unicorn" cannot delete resource "widgets"',
    );
    expect((await unicorn.run(['auth', 'can-i', 'delete', 'widgets'])).stdout).toMatch(/^no/);
    expect(await unicorn.ok('create configmap free')).toContain('created');
  });

  it('two providers of the same resource live side by side, distinguished by identity', async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    for (const name of ['x', 'y']) {
      await terminal.createWorkspace(`provider-${name}`);
      const schema = (await readFile(first.schema, 'utf8')).replace('name: Phase', `name: Phase-${name}`);
      await terminal.ok('apply -f -', schema);
      await terminal.ok(['apply', '-f', first.export]);
      await terminal.ok('ws :root');
      await terminal.createWorkspace(`consumer-${name}`);
      await terminal.ok('apply -f -', bindingTo(`root:provider-${name}`));
      await terminal.ok('wait --for=condition=Ready apibinding/widgets --timeout=10s');
      await terminal.ok('apply -f -', widget(`of-${name}`));
      expect(await terminal.ok('get widgets')).toMatch(
        new RegExp(`^NAME +PHASE-${name.toUpperCase()} +AGE\nof-${name} `),
      );
      await terminal.ok('ws :root');
    }
    const hashes: string[] = [];
    for (const name of ['x', 'y']) {
      await terminal.ok(`ws :root:provider-${name}`);
      hashes.push(await terminal.ok('get apiexport example.kcp.dev -o jsonpath={.status.identityHash}'));
      const url = await contentUrl(terminal, 'example.kcp.dev');
      expect(await terminal.ok([`--server=${url}/clusters/*`, 'get', 'widgets', '-o', 'name'])).toBe(
        `widget.example.kcp.dev/of-${name}\n`,
      );
    }
    expect(new Set(hashes).size).toBe(2);
    await terminal.ok('ws :root:consumer-x');
    await terminal.ok('apply -f -', bindingTo('root:provider-y').replace('"name":"widgets"', '"name":"second"'));
    const conflict = 'get apibinding second -o jsonpath={.status.conditions[?(@.reason=="NamingConflicts")].status}';
    expect(await terminal.until(conflict, (printed) => printed !== '')).toContain('False');
    expect(await terminal.ok('get widgets -o name')).toBe('widget.example.kcp.dev/of-x\n');
  });
});
