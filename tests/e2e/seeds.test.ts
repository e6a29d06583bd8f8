/**
 * The examples of the two documents that say what shared APIs are, as they stand there, each read
 * back in its own group.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bindingTo, contentUrl, first, readBack, seed, widget } from './documents.ts';
import { findKubectls } from './kubectl.ts';
import { skipIfNone } from './skip-if-none.ts';
import { openStage } from './stage.ts';

const tenancy = ['tenancy-export.yaml', 'tenancy-policy-role.yaml', 'tenancy-policy-binding.yaml'];
const kubectls = await findKubectls();
skipIfNone(kubectls);

describe.for(kubectls)('with $name', { timeout: 180_000, concurrent: true }, (kubectl) => {
  it("the first document's examples apply, widgets in the older group, and widgets are used", async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    await terminal.createWorkspace('provider');
    expect(await terminal.ok(['apply', '-f', first.schema])).toContain('v220801.widgets.example.kcp.dev created');
    expect(await terminal.ok(['apply', '-f', first.export])).toContain('example.kcp.dev created');
    expect(await terminal.ok(['apply', '-f', first.schema, '-f', first.export])).toMatch(/unchanged[\s\S]*unchanged/);
    expect(await readBack(terminal, 'apiresourceschemas', 'v220801.widgets.example.kcp.dev')).toMatchObject({
      apiVersion: 'apis.kcp.dev/v1alpha1',
      spec: {
        group: 'example.kcp.dev',
        names: { categories: ['kcp'] },
        versions: [{ schema: { description: 'NOTE: full schema omitted for brevity' } }],
      },
    });
    expect(await readBack(terminal, 'apiexports', 'example.kcp.dev')).toMatchObject({
      apiVersion: 'apis.kcp.dev/v1alpha1',
      spec: { latestResourceSchemas: ['v220801.widgets.example.kcp.dev'] },
      status: { identityHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(await terminal.ok('get secret example.kcp.dev -n kcp-system -o name')).toBe('secret/example.kcp.dev\n');
    const newGroup = [
      'patch',
      'apiresourceschema',
      'v220801.widgets.example.kcp.dev',
      '--type=merge',
      '-p',
      '{"spec":{"group":"other.dev"}}',
    ];
    expect(await terminal.fails(newGroup)).toContain('immutable');

    await terminal.ok('ws :root');
    for (const name of ['consumer-a', 'consumer-b']) {
      await terminal.createWorkspace(name);
      await terminal.ok('apply -f -', bindingTo('root:provider'));
      await terminal.ok('wait --for=condition=Ready apibindings.v1alpha1.apis.kcp.dev/widgets --timeout=10s');
      expect(await readBack(terminal, 'apibindings', 'widgets')).toMatchObject({
        apiVersion: 'apis.kcp.dev/v1alpha1',
        spec: { reference: { export: { path: 'root:provider', name: 'example.kcp.dev' } } },
        status: { phase: 'Bound' },
      });
      await terminal.ok('apply -f -', widget(`of-${name}`));
      expect(await terminal.ok('get widgets')).toMatch(/^NAME +PHASE +AGE\nof-consumer-[ab] +\d+s\n$/);
      expect(await terminal.ok('get kcp -o name')).toContain(`widget.example.kcp.dev/of-${name}`);
      await terminal.ok('ws :root');
    }
    await terminal.ok('ws provider');
    const url = await contentUrl(terminal, 'example.kcp.dev');
    const all = await terminal.ok([`--server=${url}/clusters/*`, 'get', 'widgets', '-o', 'name']);
    expect(all.trim().split('\n')).toHaveLength(2);

    await terminal.ok('ws :root');
    await terminal.createWorkspace('tenancy');
    for (const name of tenancy) expect(await terminal.ok(['apply', '-f', seed(name)])).toContain('created');
    expect(JSON.parse(await terminal.ok('get apiexports.v1alpha1.apis.kcp.io tenancy.kcp.io -o json'))).toMatchObject({
      spec: { latestResourceSchemas: [expect.any(String), expect.any(String)], maximalPermissionPolicy: { local: {} } },
    });
    expect(await terminal.ok('get apiexport tenancy.kcp.io -o jsonpath={.metadata.annotations.kcp\\.io/path}')).toMatch(
      /^(root:tenancy)?$/,
    );
  });

  it("the earlier draft's examples apply and are read back with reference.export", async () => {
    await using stage = await openStage();
    const terminal = await stage.admin(kubectl);
    const schema = (await readFile(seed('earlier/widgets-schema.yaml'), 'utf8'))
      .replace('v220801.widgets.example.kcp.dev', 'v220909-c255fd13.widgets.apis.my-corp.dev')
      .replace('group: example.kcp.dev', 'group: apis.my-corp.dev');
    await terminal.ok('apply -f -', schema);
    expect(await terminal.ok(['apply', '-f', seed('earlier/my-corp-export.yaml')])).toContain(
      'apis.my-corp.dev created',
    );
    expect(await readBack(terminal, 'apiexports', 'apis.my-corp.dev')).toMatchObject({
      spec: {
        latestResourceSchemas: ['v220909-c255fd13.widgets.apis.my-corp.dev'],
        permissionClaims: [{ resource: 'configmaps' }],
      },
    });
    await terminal.createWorkspace('consumer');
    await terminal.ok('create configmap note');
    expect(await terminal.ok(['apply', '-f', seed('earlier/my-corp-binding.yaml')])).toContain('whatever created');
    await terminal.ok('wait --for=condition=Ready apibinding/whatever --timeout=10s');
    const binding = await readBack(terminal, 'apibindings', 'whatever');
    expect(binding).toMatchObject({
      apiVersion: 'apis.kcp.dev/v1alpha1',
      spec: {
        reference: { export: { path: 'root', name: 'apis.my-corp.dev' } },
        permissionClaims: [{ resource: 'configmaps', state: 'Accepted' }],
      },
    });
    expect(binding).not.toHaveProperty('spec.reference.workspace');
    expect(await terminal.ok(['apply', '-f', seed('earlier/my-corp-binding.yaml')])).toMatch(/unchanged|configured/);
    await terminal.ok('ws :root');
    const url = await contentUrl(terminal, 'apis.my-corp.dev');
    expect(await terminal.ok([`--server=${url}/clusters/*`, 'get', 'configmaps', '-A', '-o', 'name'])).toContain(
      'configmap/note',
    );

    await terminal.createWorkspace('draft');
    const draft = ['widgets-schema', 'widgets-export', 'tenancy-policy-role', 'tenancy-policy-binding'];
    for (const name of draft)
      expect(await terminal.ok(['apply', '-f', seed(`earlier/${name}.yaml`)])).toContain('created');
    expect(await terminal.ok('get clusterrolebinding -o wide')).toContain('apis.kcp.dev:binding:system:authenticated');
  });
});
