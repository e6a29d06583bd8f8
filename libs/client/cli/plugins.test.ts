import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Terminal } from '../session.ts';
import { createWorkspaceProgram } from './create-workspace-program.ts';
import type { FakeKcp } from './fake-kcp.fixture.ts';
import { startFakeKcp } from './fake-kcp.fixture.ts';
import { kcpProgram } from './kcp-program.ts';
import type { RunVerb } from './run-command-line.ts';
import { runCommandLine } from './run-command-line.ts';
import { workspaceProgram } from './workspace-program.ts';

let kcp: FakeKcp;
let folder: string;
let kubeconfig: string;

beforeEach(async () => {
  kcp = await startFakeKcp();
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-plugins-'));
  kubeconfig = join(folder, 'config');
  await writeFile(
    kubeconfig,
    `
apiVersion: v1
kind: Config
current-context: root
clusters:
- {name: root, cluster: {server: '${kcp.url}/clusters/root', tls-server-name: kept}}
- {name: base, cluster: {server: '${kcp.url}'}}
contexts:
- {name: root, context: {cluster: root, user: admin, namespace: here}}
- {name: base, context: {cluster: base, user: admin}}
users:
- {name: admin, user: {token: secret}}
`,
  );
});

afterEach(async () => {
  await kcp[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(build: (run: RunVerb, terminal: Terminal) => Command, args: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const machine = {
    argv: ['node', 'plugin', ...args],
    env: { KUBECONFIG: kubeconfig, HOME: folder },
    stdout: { write: (text: string) => (out += text), on: () => undefined },
    exit: (code: number) => expect.unreachable(`it ended with ${code}`),
    stderr: { write: (text: string) => (err += text) },
  };
  return { code: await runCommandLine(machine, build), out, err };
}

const ws = (...args: string[]) => run((verb) => workspaceProgram('kubectl ws', verb), args);
const create = (...args: string[]) => run(createWorkspaceProgram, args);
const kubectlKcp = (...args: string[]) => run(kcpProgram, args);

describe('kubectl create workspace', () => {
  it('waits until the workspace is ready and stays where it is', async () => {
    expect(await create('provider')).toEqual({
      code: 0,
      err: '',
      out: 'Workspace "provider" (type root:universal) created. Waiting for it to be ready...\nWorkspace "provider" (type root:universal) is ready to use.\n',
    });
    expect((await ws('.', '--short')).out).toBe('root\n');
  });

  it('goes there with --enter, and says the type that was asked for', async () => {
    const { out } = await create('org', '--type', ':root:organization', '--enter');
    expect(out.split('\n').at(-2)).toBe("Current workspace is 'root:org' (type root:organization).");
    expect((await ws('.', '--short')).out).toBe('root:org\n');
  });

  it('says "already exists" on standard error and fails (P55)', async () => {
    await create('twice');
    expect(await create('twice')).toEqual({
      code: 1,
      out: '',
      err: 'Error: workspaces.tenancy.kcp.io "twice" already exists\n',
    });
  });

  it('is content with an existing workspace under --ignore-existing (P55)', async () => {
    await create('twice');
    const { code, out } = await create('twice', '--ignore-existing', '--enter');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'Workspace "twice" (type root:universal) already exists.\nCurrent workspace is \'root:twice\' (type root:universal).\n',
    });
  });

  it('refuses --ignore-existing for a type without a path, and for a different type', async () => {
    await create('typed');
    expect((await create('typed', '--ignore-existing', '--type', 'team')).err).toBe(
      'Error: --ignore-existing must not be used with non-absolute type path\n',
    );
    expect((await create('typed', '--ignore-existing', '--type', 'root:team')).err).toBe(
      'Error: workspace "typed" cannot be created with type root:team, it already exists with different type root:universal\n',
    );
  });

  it('acts inside another workspace with -w, and writes a context with --create-context', async () => {
    await create('org');
    const { out } = await create('team', '-w', 'org', '--create-context', 'mine');
    expect(out).toContain('Created context "mine".');
    expect(kcp.workspaces.has('root:org:team')).toBe(true);
    expect((await ws('.', '--short')).out).toBe('root\n');
    expect((await ws('.', '--short', '--context', 'mine')).out).toBe('root:org:team\n');
  });
});

describe('kubectl ws', () => {
  beforeEach(() => {
    kcp.workspaces.set('root:org', { type: 'root:organization' });
    kcp.workspaces.set('root:org:team', { type: 'root:team' });
    kcp.workspaces.set('root:secret', { forbidden: true });
  });

  it('goes down, up, to the top and back again', async () => {
    const places: string[] = [];
    for (const step of ['org:team', '..', '-', '../..', ':root:org', 'team/..', '/root/org/team', ':', '-']) {
      const { code, out, err } = await ws(step, '--short');
      expect({ step, code, err }).toEqual({ step, code: 0, err: '' });
      places.push(out.trim());
    }
    expect(places).toEqual([
      'root:org:team',
      'root:org',
      'root:org:team',
      'root',
      'root:org',
      'root:org',
      'root:org:team',
      'root',
      'root:org:team',
    ]);
  });

  it('keeps the credentials and TLS settings and drops the namespace', async () => {
    await ws('org');
    const text = await readFile(kubeconfig, 'utf8');
    expect(text).toContain('current-context: workspace.kcp.io/current');
    expect(text.match(/tls-server-name: kept/g)).toHaveLength(3);
    expect(text.match(/namespace: here/g)).toHaveLength(1);
    expect(kcp.authorizations.every((sent) => sent === 'Bearer secret')).toBe(true);
  });

  it('goes home without an argument, with a note, and up from there by the path the server knows', async () => {
    const { out, err } = await ws();
    expect(out).toBe("Current workspace is 'kvdk2spgmbix'.\n");
    expect(err).toMatch(/^Note: 'kubectl ws' now matches 'cd' semantics/);
    expect((await ws('..')).err).toBe('Error: access to workspace "user" denied\n');
  });

  it.each(['~', homedir()])('goes home by %s: what the shell makes of ~ is the same', async (argument) => {
    expect(await ws(argument)).toEqual({ code: 0, out: "Current workspace is 'kvdk2spgmbix'.\n", err: '' });
  });

  it.each([
    ['nonesuch', 'workspace "root:nonesuch" not found'],
    ['secret', 'access to workspace "root:secret" denied'],
    ['..', 'cannot go up from root'],
    ['Wrong_Name', 'invalid workspace path: Wrong_Name'],
    ['-', 'no previous workspace found in kubeconfig'],
  ])('refuses %s and leaves the kubeconfig alone', async (argument, message) => {
    const before = await readFile(kubeconfig, 'utf8');
    expect(await ws(argument)).toEqual({ code: 1, out: '', err: `Error: ${message}\n` });
    expect(await readFile(kubeconfig, 'utf8')).toBe(before);
  });

  it('says the URL where it points to no workspace, and enters by an absolute path from there', async () => {
    expect((await ws('.', '--context', 'base')).out).toBe(`Current workspace is the URL "${kcp.url}".\n`);
    expect((await ws('org', '--context', 'base')).err).toBe(
      `Error: current URL "${kcp.url}" does not point to a workspace\n`,
    );
    expect((await ws(':root:org', '--context', 'base', '--short')).out).toBe('root:org\n');
  });

  it('tells that root: is no longer absolute', async () => {
    expect((await ws('root:org')).err).toMatch(
      /^Note: Using 'root:' to define an absolute path is no longer supported\./,
    );
  });

  it('prints the tree with names or whole paths', async () => {
    expect((await ws('tree')).out).toBe('.\n└── root\n    ├── org\n    │   └── team\n    └── secret\n');
    expect((await ws('tree', '--full', '-w', 'org')).out).toBe('.\n└── root:org\n    └── root:org:team\n');
  });

  it('creates a context for the current workspace, once', async () => {
    await ws('org');
    expect((await ws('create-context')).out).toBe('Created context "root:org" and switched to it.\n');
    expect((await ws('create-context')).err).toBe(
      'Error: context "root:org" already exists in kubeconfig, use --overwrite to update it\n',
    );
    expect((await ws('create-context', '--overwrite')).out).toBe('Updated context "root:org".\n');
  });

  it('says in one line that the server cannot be reached', async () => {
    const { code, err } = await ws('org', '--server', 'http://127.0.0.1:1/clusters/root');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'Error: Unable to connect to the server: connect ECONNREFUSED 127.0.0.1:1\n',
    });
  });
});

describe('kubectl kcp', () => {
  it('binds an export and accepts its claims', async () => {
    const { out } = await kubectlKcp(
      'bind',
      'apiexport',
      'root:provider:widgets',
      '--accept-permission-claim',
      'configmaps.core',
    );
    expect(out).toBe('apibinding widgets created. Waiting to successfully bind ...\nwidgets created and bound.\n');
    expect(kcp.bindings.get('root/widgets')?.['spec']).toEqual({
      reference: { export: { path: 'root:provider', name: 'widgets' } },
      permissionClaims: [
        {
          group: '',
          resource: 'configmaps',
          identityHash: '',
          verbs: ['*'],
          selector: { matchAll: true },
          state: 'Accepted',
        },
      ],
    });
  });

  it('accepts claims later, and shows what was decided', async () => {
    await kubectlKcp('bind', 'apiexport', 'root:provider:widgets');
    expect((await kubectlKcp('claims', 'accept', 'widgets')).out).toBe(
      'claim "configmaps" on APIBinding "widgets" is accepted\n',
    );
    expect((await kubectlKcp('claims', 'get', 'apibinding')).out).toBe(
      'APIBINDING   GROUP-RESOURCE   VERBS      STATUS\nwidgets      configmaps       get,list   Accepted\n',
    );
  });

  it('makes schemas of definitions, without a server', async () => {
    const file = join(folder, 'crds.yaml');
    await writeFile(
      file,
      `# Two of them.
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com, annotations: {a: b}}
spec:
  group: example.com
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  scope: Namespaced
  conversion: {strategy: None}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {size: {type: integer}}}}
    subresources: {status: {}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec: {group: example.com, names: {plural: gadgets, kind: Gadget}, scope: Cluster, versions: []}
`,
    );
    const { code, out } = await kubectlKcp('crd', 'snapshot', '-f', file, '--prefix', 'v260101');
    expect(code).toBe(0);
    const [widgets = '', gadgets = '', rest] = out.split('---\n');
    expect(rest).toBe('');
    expect(load(widgets)).toEqual({
      apiVersion: 'apis.kcp.io/v1alpha1',
      kind: 'APIResourceSchema',
      metadata: { name: 'v260101.widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { type: 'object', properties: { size: { type: 'integer' } } },
            subresources: { status: {} },
          },
        ],
      },
    });
    expect(load(gadgets)).toMatchObject({ metadata: { name: 'v260101.gadgets.example.com' } });
    const json = await kubectlKcp('crd', 'snapshot', '-f', file, '--prefix', 'v260101', '-o', 'json');
    expect(JSON.parse(json.out.split('---\n')[1] ?? '')).toEqual(load(gadgets));
    await writeFile(file, 'apiVersion: v1\nkind: Secret\n');
    const refused = await kubectlKcp('crd', 'snapshot', '-f', file, '--prefix', 'p');
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toContain('not a CustomResourceDefinition');
  });

  it('warns of an undecided claim when a workspace is entered', async () => {
    await kubectlKcp('bind', 'apiexport', 'root:provider:widgets');
    const { err } = await kubectlKcp('workspace', ':root');
    expect(err).toBe(
      "Warning: claim for configmaps exported but not specified on APIBinding widgets\nAdd this claim to the APIBinding's Spec.\n",
    );
  });
});
