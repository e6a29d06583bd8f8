/** What people type all day, with the oldest and the newest kubectl of this machine. */
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from './kubectl.ts';
import { findKubectls, oldestAndNewest } from './kubectl.ts';
import { skipIfNone } from './skip-if-none.ts';
import type { Stage } from './stage.ts';
import { openStage } from './stage.ts';

const kubectls = oldestAndNewest(await findKubectls());
skipIfNone(kubectls);

/** Before, it asks for versions of the API that are gone. */
const whoamiMinor = 28;

const thingsCrd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, listKind: ThingList, plural: things, singular: thing}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              replicas: {type: integer, description: How many there are.}
          status:
            type: object
            properties:
              replicas: {type: integer}
`;

describe.for(kubectls)('with $name', (kubectl) => {
  let stage: Stage;
  let terminal: Terminal;
  const editor = join(tmpdir(), `kcp-ts-editor-${process.pid}-${kubectl.name}`);
  const ok: Terminal['ok'] = (args, input) => terminal.ok(args, input);

  beforeAll(async () => {
    stage = await openStage();
    await writeFile(editor, '#!/bin/sh\nexec sed -i s/colour:.*/colour:\\ blue/ "$1"\n');
    await chmod(editor, 0o755);
    terminal = await stage.admin(kubectl, { KUBE_EDITOR: editor });
    await terminal.createWorkspace('daily');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it('create makes configmaps, secrets, namespaces, service accounts, roles and quotas', async () => {
    expect(await ok('create namespace shop')).toBe('namespace/shop created\n');
    expect(await ok('create configmap paint --from-literal=colour=red')).toBe('configmap/paint created\n');
    expect(await ok('create secret generic key --from-literal=pin=1234')).toBe('secret/key created\n');
    expect(await ok('create serviceaccount robot')).toBe('serviceaccount/robot created\n');
    expect(await ok('create role reader --verb=get,list --resource=configmaps')).toBe(
      'role.rbac.authorization.k8s.io/reader created\n',
    );
    const bound = await ok('create rolebinding robot-reads --role=reader --serviceaccount=default:robot');
    expect(bound).toBe('rolebinding.rbac.authorization.k8s.io/robot-reads created\n');
    expect(await ok('create clusterrole all-reader --verb=get --resource=secrets')).toContain('created');
    expect(await ok('create clusterrolebinding all-readers --clusterrole=all-reader --group=readers')).toContain(
      'created',
    );
    expect(await ok('create quota few --hard=count/configmaps=9 -n shop')).toContain('created');
    expect(await terminal.fails('create configmap paint')).toContain('configmaps "paint" already exists');
    expect(await terminal.fails('create namespace Shop')).toContain('a lowercase RFC 1123 label must consist of');
    expect(await ok('create configmap dry --from-literal=a=b --dry-run=server')).toBe(
      'configmap/dry created (server dry run)\n',
    );
    expect(await terminal.fails('get configmap dry')).toContain(
      'Error from server (NotFound): configmaps "dry" not found',
    );
  });

  it('get prints tables, documents, names, columns and selections', async () => {
    expect(await ok('get configmap paint')).toMatch(/^NAME +DATA +AGE\npaint +1 +\d+s\n$/);
    expect(await ok('get configmap paint -o yaml')).toContain('data:\n  colour: red\nkind: ConfigMap');
    expect(JSON.parse(await ok('get configmaps -o json'))).toMatchObject({
      kind: 'List',
      items: [{}, { data: { colour: 'red' } }],
    });
    expect(await ok('get namespaces -o wide')).toMatch(/^shop +Active +\d+s$/m);
    expect(await ok('get secret key')).toMatch(/^key +Opaque +1 +\d+s$/m);
    expect(await ok('get secret key -o jsonpath={.data.pin}')).toBe('MTIzNA==');
    expect(await ok('get role,rolebinding -o wide')).toMatch(
      /^rolebinding\S+\/robot-reads +Role\/reader +\d+s +default\/robot *$/m,
    );
    expect(await ok('get configmaps -o name --field-selector metadata.name=paint')).toBe('configmap/paint\n');
    expect(await ok('get configmap paint -o custom-columns=C:.data.colour')).toBe('C\nred\n');
    expect(await ok('get configmaps -A --chunk-size=1 -o name')).toContain('configmap/paint\n');
    expect(await ok('describe configmap paint')).toMatch(
      /^Name: +paint\nNamespace: +default\n[\s\S]*colour:\n----\nred\n/,
    );
    expect(await ok('get --raw /readyz')).toBe('ok');
    expect(JSON.parse(await ok('get --raw /clusters/root:daily/api/v1/namespaces/shop'))).toMatchObject({
      metadata: { name: 'shop' },
    });
    expect(await ok('version')).toContain('Server Version: ');
    expect(await ok('api-versions')).toContain('apis.kcp.io/v1alpha2\n');
  });

  it('label, annotate, patch, edit, replace and apply change an object', async () => {
    expect(await ok('label configmap paint shelf=top')).toBe('configmap/paint labeled\n');
    expect(await ok('get configmaps -l shelf=top -o name')).toBe('configmap/paint\n');
    expect(await ok('annotate configmap paint note=wet')).toMatch(/^configmap\/paint annotated?\n$/);
    expect(await ok(['patch', 'configmap', 'paint', '-p', '{"data":{"size":"2"}}'])).toBe('configmap/paint patched\n');
    expect(await ok(['patch', 'configmap', 'paint', '--type=merge', '-p', '{"data":{"size":null}}'])).toBe(
      'configmap/paint patched\n',
    );
    const added = '[{"op":"add","path":"/data/size","value":"3"}]';
    expect(await ok(['patch', 'configmap', 'paint', '--type=json', '-p', added])).toBe('configmap/paint patched\n');
    expect(await ok(['patch', 'configmap', 'paint', '--type=json', '-p', added])).toBe(
      'configmap/paint patched (no change)\n',
    );
    expect(await ok('edit configmap paint')).toBe('configmap/paint edited\n');
    expect(await ok('get configmap paint -o jsonpath={.data}')).toBe('{"colour":"blue","size":"3"}');
    expect(await ok('replace -f -', await ok('get configmap paint -o json'))).toBe('configmap/paint replaced\n');
    const finalizers = [
      '{"metadata":{"finalizers":["example.com/a"]}}',
      '{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a"]}}',
    ];
    for (const patch of finalizers) await ok(['patch', 'configmap', 'paint', '--type=strategic', '-p', patch]);
    expect(await ok('get configmap paint -o jsonpath={.metadata.finalizers}')).toBe('');
    const strange = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: strange}\ndat: {a: b}\n';
    expect(await terminal.fails('apply -f -', strange)).toContain('unknown field "dat"');
  });

  it('apply keeps what it applied, and prunes what it no longer applies', async () => {
    const manifest = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {${data}}\n`;
    expect(await ok('apply -f -', manifest('a: "1", b: "2"'))).toBe('configmap/applied created\n');
    expect(await ok('apply -f -', manifest('a: "1", b: "2"'))).toBe('configmap/applied unchanged\n');
    await ok(['patch', 'configmap', 'applied', '-p', '{"data":{"c":"3"}}']);
    expect(await ok('apply -f -', manifest('a: "1"'))).toBe('configmap/applied configured\n');
    expect(await ok('get configmap applied -o jsonpath={.data}')).toBe('{"a":"1","c":"3"}');
    expect((await terminal.run(['diff', '-f', '-'], manifest('a: "1"'))).code).toBe(0);
    expect((await terminal.run(['diff', '-f', '-'], manifest('a: "2"'))).code).toBe(1);
    expect(await ok('apply view-last-applied configmap applied')).toContain('a: "1"');
  });

  it('auth tells what one may do, and who one is', async () => {
    expect(await ok('auth can-i delete configmaps')).toBe('yes\n');
    const robot = '--as=system:serviceaccount:default:robot';
    expect(await ok(`auth can-i get configmaps ${robot}`)).toBe('yes\n');
    const denied = await terminal.run(['auth', 'can-i', 'get', 'secrets', robot]);
    expect([denied.code, denied.stdout]).toEqual([1, 'no - access denied\n']);
    expect(await ok(`auth can-i --list ${robot}`)).toMatch(/^configmaps +\[\] +\[\] +\[get list\]$/m);
    if (kubectl.minor >= whoamiMinor) expect(await ok('auth whoami')).toMatch(/^Username +kcp-admin$/m);
    const roles =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: made, namespace: default}\nrules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]\n';
    expect(await ok('auth reconcile -f -', roles)).toContain('role.rbac.authorization.k8s.io/made reconciled');
  });

  it('create token signs in a service account', async () => {
    const token = (await ok('create token robot')).trim();
    expect(token.split('.')).toHaveLength(3);
    const robot = await stage.person(kubectl, 'root:daily', { token });
    expect(await robot.ok('get configmap paint -o name')).toBe('configmap/paint\n');
    const text =
      'secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"';
    expect(await robot.fails('get secrets')).toContain(text);
  });

  it('a CustomResourceDefinition is served, explained, scaled and deleted with its objects', async () => {
    expect(await ok('apply -f -', thingsCrd)).toBe(
      'customresourcedefinition.apiextensions.k8s.io/things.example.com created\n',
    );
    await ok('wait --for=condition=Established crd/things.example.com');
    expect(await ok('explain thing.spec.replicas')).toContain('How many there are.');
    expect(
      await ok('apply -f -', 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one}\nspec: {replicas: 1}\n'),
    ).toBe('thing.example.com/one created\n');
    expect(await ok('scale thing one --replicas=5')).toContain('thing.example.com/one scaled');
    expect(await ok('get thing one -o jsonpath={.spec.replicas}')).toBe('5');
    expect(
      await ok(['patch', 'thing', 'one', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":4}}']),
    ).toContain('patched');
    expect(await ok('get thing one -o jsonpath={.status.replicas}')).toBe('4');
    await ok('wait --for=jsonpath={.status.replicas}=4 thing/one');
    expect(await ok('delete crd things.example.com')).toContain('deleted');
    expect(await terminal.fails('get things')).toContain('the server could not find the requested resource');
  });

  it('delete takes objects by name, by label and with a whole namespace', async () => {
    await ok('create configmap one -n shop');
    await ok('create configmap two -n shop');
    await ok('label configmap one two part=shop -n shop');
    expect(await ok('delete configmap -l part=shop -n shop')).toMatch(/"one" deleted[\s\S]*"two" deleted/);
    await ok('create configmap three -n shop');
    expect(await ok('delete namespace shop')).toMatch(/^namespace "shop" deleted/);
    expect(await terminal.fails('get namespace shop')).toContain('namespaces "shop" not found');
    expect(await ok('get configmaps -n shop -o name')).toBe('');
    expect(await ok('delete configmap paint --wait=false')).toContain('"paint" deleted');
    expect(await terminal.fails('delete configmap paint')).toContain('configmaps "paint" not found');
    expect(await ok('delete configmap paint --ignore-not-found')).toBe('');
  });

  it('the workspace plugins walk, show and delete workspaces', async () => {
    expect(await ok('ws .')).toContain("Current workspace is 'root:daily'");
    await terminal.createWorkspace('inner');
    expect(await ok('ws current --short')).toBe('root:daily:inner\n');
    expect(await ok('ws ..')).toContain("'root:daily'");
    expect(await ok('get workspaces')).toMatch(/^inner +\S+ +(\S+ +)?Ready +https:\S+/m);
    expect(await ok('ws tree')).toContain('inner');
    expect(await ok('delete workspace inner')).toContain('"inner" deleted');
    expect(await terminal.fails('ws inner')).toMatch(/not found|does not exist|forbidden/i);
    expect(await ok('ws -')).toContain('Current workspace is');
  });
});
