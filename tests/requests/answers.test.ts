/**
 * Single requests, answered as kube-apiserver and kcp answer them: codes, reasons and texts that
 * clients act on.
 */
import type { KubeObject } from '@kcp-ts/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import {
  base,
  bindingsOf,
  configMap,
  configMapsOf,
  custom,
  define,
  definition,
  definitionsOf,
  done,
  exportsOf,
  field,
  makeWorkspace,
  rbacOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';
import { sampleOf } from './samples.ts';

let server: TestServer;
let admin: ApiClient;
let count = 0;
const path = 'root:answers';
const url = configMapsOf(path);
const core = `${base(path)}/api/v1/namespaces/default`;
const horses = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/horses`;
const json = { 'content-type': 'application/json' };

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'answers', { type: { path: 'root', name: 'universal' } });
  await define(admin, path, 'horses');
});

afterAll(() => server[Symbol.asyncDispose]());

const fresh = () => `a-${++count}`;

async function made(more: object = {}): Promise<string> {
  const name = fresh();
  await done(admin.post(url, configMap(name, more)));
  return `${url}/${name}`;
}

function codeAndMessage({ status, body }: Answer): readonly [number, unknown] {
  return [status, field(body, 'message')];
}

function causes({ body }: Answer): readonly string[] {
  const found = (field(body, 'details.causes') ?? []) as { field: string; message: string }[];
  return found.map((cause) => `${cause.field}: ${cause.message}`);
}

describe('metadata', () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'n', uid: 'u' };
  const withMeta = (metadata: object) => {
    const { name = fresh() } = metadata as { name?: string };
    return admin.post(`${url}?dryRun=All`, { ...configMap(name), metadata: { name, ...metadata } });
  };

  it.each([
    [{ ownerReferences: [{ ...owner, kind: 'Event' }] }, '/v1, Kind=Event is disallowed from being an owner'],
    [
      { ownerReferences: [{ ...owner, apiVersion: '' }] },
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    ],
    [{ ownerReferences: [{ ...owner, apiVersion: 'a/b/c' }] }, 'version must not be empty'],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'X' }] },
      'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    ],
    [
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: 'm', controller: true },
        ],
      },
      'Only one reference can have Controller set to true. Found "true" in references for ConfigMap/n and ConfigMap/m',
    ],
    [{ finalizers: ['orphan', 'foregroundDeletion'] }, 'finalizer orphan and foregroundDeletion cannot be both set'],
    [
      { finalizers: ['plain'] },
      'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
    ],
    [{ generation: -1 }, 'metadata.generation: Invalid value: -1: must be greater than or equal to 0'],
  ])('%j is invalid', async (metadata, text) => {
    const answer = await withMeta(metadata);
    expect(answer.status, answer.text).toBe(422);
    expect(causes(answer).join('\n')).toContain(text);
  });

  it('drops owners that are named twice, and warns', async () => {
    const answer = await withMeta({ ownerReferences: [owner, owner, { ...owner, name: 'm' }] });
    expect(answer.body.metadata.ownerReferences).toEqual([owner, { ...owner, name: 'm' }]);
    expect(String(answer.headers['warning'])).toContain('duplicate UID(s) observed: u');
  });

  it('of a custom kind may have any finalizer, with a warning', async () => {
    const horse = { ...custom('Horse', fresh()), metadata: { name: fresh(), finalizers: ['plain'] } };
    const answer = await admin.post(`${horses}?dryRun=All`, horse);
    expect(answer.status, answer.text).toBe(201);
    expect(String(answer.headers['warning'])).toContain('prefer a domain-qualified finalizer name');
  });

  it.each([
    ['', 'v1', 'Event', 'events', 201],
    ['events.k8s.io', 'v1', 'Event', 'events', 422],
    ['rbac.authorization.k8s.io', 'v1', 'Role', 'roles', 201],
    ['certificates.k8s.io', 'v1', 'CertificateSigningRequest', 'certificatesigningrequests', 201],
    ['coordination.k8s.io', 'v1', 'Lease', 'leases', 422],
    ['', 'v1', 'Secret', 'secrets', 422],
  ])('of %s/%s %s has the names of its kind', async (group, version, kind, plural, status) => {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const sample = sampleOf(apiVersion, kind);
    const at = group === '' ? `${base(path)}/api/v1` : `${base(path)}/apis/${apiVersion}`;
    const namespace = kind === 'CertificateSigningRequest' ? '' : '/namespaces/default';
    const object = { ...sample, metadata: { name: 'Some:Name' } };
    const answer = await admin.post(`${at}${namespace}/${plural}?dryRun=All`, object);
    expect(answer.status, answer.text).toBe(status);
  });

  it('keeps no empty maps and lists', async () => {
    const answer = await withMeta({ labels: {}, finalizers: [], ownerReferences: [], generateName: '' });
    expect(Object.keys(answer.body.metadata)).not.toEqual(expect.arrayContaining(['labels']));
    expect(answer.body.metadata).not.toHaveProperty('finalizers');
    expect(answer.body.metadata).not.toHaveProperty('generateName');
  });

  it('takes resourceVersion 0 of what is made, and no other', async () => {
    expect((await withMeta({ resourceVersion: '0' })).status).toBe(201);
    expect(codeAndMessage(await withMeta({ resourceVersion: '5' }))).toEqual([
      400,
      'resourceVersion should not be set on objects to be created',
    ]);
  });

  it.each([
    [
      { deletionTimestamp: '2020-01-01T00:00:00Z' },
      'metadata.deletionTimestamp: Invalid value: "2020-01-01T00:00:00Z": field is immutable',
    ],
    [{ deletionGracePeriodSeconds: 5 }, 'metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable'],
    [{ uid: 'other' }, 'metadata.uid: Invalid value: "other": field is immutable'],
  ])('a patch to %j is invalid', async (metadata, text) => {
    const at = await made();
    const answer = await admin.patch(at, { metadata });
    expect(answer.status).toBe(422);
    expect(causes(answer)).toEqual([text, text]);
    expect(field(answer.body, 'message')).toBe(`ConfigMap "${at.split('/').at(-1)}" is invalid: ${text}`);
  });

  it.each(['', null])('a patch to the name %j does not say which object it is of', async (name) => {
    const at = await made();
    const id = at.split('/').at(-1);
    expect(codeAndMessage(await admin.patch(at, { metadata: { name } }))).toEqual([
      400,
      `the name of the object (${id} based on URL) was undeterminable: name must be provided`,
    ]);
  });

  it('a PUT must say its name, and no other namespace', async () => {
    const at = await made();
    const { metadata: _none, ...nameless } = configMap('x') as KubeObject;
    expect(codeAndMessage(await admin.request('PUT', at, JSON.stringify(nameless), json))[0]).toBe(400);
    const name = at.split('/').at(-1);
    const elsewhere = { ...configMap('x'), metadata: { name, namespace: 'other' } };
    expect(codeAndMessage(await admin.request('PUT', at, JSON.stringify(elsewhere), json))).toEqual([
      400,
      'the namespace of the object (other) does not match the namespace on the request (default)',
    ]);
  });
});

describe('kinds', () => {
  const send = (object: object) => admin.post(`${horses}?dryRun=All`, object);

  it('a custom object must say its kind and version', async () => {
    const { kind: _kind, ...kindless } = custom('Horse', 'a') as KubeObject;
    const { apiVersion: _version, ...versionless } = custom('Horse', 'a') as KubeObject;
    const [code, message] = codeAndMessage(await send(kindless));
    expect(code).toBe(400);
    expect(message).toMatch(
      /^the object provided is unrecognized \(must be of type Horse\): Object 'Kind' is missing in '{/,
    );
    expect(codeAndMessage(await send(versionless))).toEqual([
      400,
      'the API version in the data () does not match the expected API version (wild.west/v1alpha1)',
    ]);
    expect(codeAndMessage(await send(custom('Cow', 'a')))).toEqual([
      422,
      'Horse.wild.west "a" is invalid: kind: Invalid value: "Cow": must be Horse',
    ]);
  });

  it('a built-in one need not', async () => {
    expect((await admin.post(`${url}?dryRun=All`, { metadata: { name: fresh() } })).status).toBe(201);
  });

  it('a subresource that a kind does not have is not found', async () => {
    expect(codeAndMessage(await admin.get(`${horses}/a/foo`))).toEqual([404, 'horses.wild.west "a" not found']);
  });
});

describe('the order of checks', () => {
  it('a PUT is decoded before its object is looked for', async () => {
    const bad = { ...configMap('nothing'), data: 5 };
    expect(codeAndMessage(await admin.put(`${url}/nothing`, bad))[0]).toBe(400);
    expect(
      codeAndMessage(await admin.put(`${url}/nothing?fieldValidation=Strict`, { ...configMap('nothing'), x: 1 }))[0],
    ).toBe(400);
    expect(codeAndMessage(await admin.put(`${url}/nothing`, configMap('nothing')))[0]).toBe(404);
  });

  it('a create is validated before its name is looked for', async () => {
    const at = await made();
    const name = at.split('/').at(-1) ?? '';
    expect(codeAndMessage(await admin.post(url, { ...configMap(name), data: { '/': 'x' } }))[0]).toBe(422);
    expect(codeAndMessage(await admin.post(url, configMap(name)))[0]).toBe(409);
  });
});

describe('a patch', () => {
  it('whose result cannot be decoded is invalid, and shows it', async () => {
    const answer = await admin.patch(await made(), { data: 5 });
    const [code, message] = codeAndMessage(answer);
    expect(code).toBe(422);
    expect(message).toMatch(
      /^ "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"v1\\",\\"data\\":5,\\"kind\\":\\"ConfigMap\\",\\"metadata\\":{/,
    );
    expect(message).toMatch(
      /}": json: cannot unmarshal number into Go struct field ConfigMap.data of type map\[string\]string$/,
    );
    expect(field(answer.body, 'details.kind')).toBeUndefined();
  });

  it.each([
    [{ kind: null }, `Object 'Kind' is missing in '{`],
    [{ kind: 'Secret' }, 'no kind "Secret" is registered for version "v1"'],
    [{ apiVersion: 'v2' }, 'no kind "ConfigMap" is registered for version "v2"'],
    [{ apiVersion: { a: 'b' } }, 'no kind "ConfigMap" is registered for version {"a":"b"}'],
  ])('to %j makes nothing that can be decoded', async (patch, why) => {
    const at = await made();
    const [code, message] = codeAndMessage(await admin.patch(at, patch));
    expect(code).toBe(422);
    expect(message).toContain(why);
    expect((await admin.patch(at, patch, 'application/strategic-merge-patch+json')).status).toBe(200);
  });

  it('of a custom object cannot make it another kind', async () => {
    await done(admin.post(horses, custom('Horse', 'patched')));
    expect(codeAndMessage(await admin.patch(`${horses}/patched`, { kind: 'Cow' }))).toEqual([
      422,
      'Horse.wild.west "patched" is invalid: kind: Invalid value: "Cow": must be Horse',
    ]);
    expect(codeAndMessage(await admin.patch(`${horses}/patched`, { apiVersion: 'wild.west/v2' }))[0]).toBe(422);
    expect(codeAndMessage(await admin.patch(`${horses}/patched`, { kind: null }))[1]).toContain(
      `Object 'Kind' is missing in '`,
    );
  });

  it("in Kubernetes' own form is shown as Go prints it", async () => {
    const at = await made();
    expect(codeAndMessage(await admin.patch(at, { data: 5 }, 'application/strategic-merge-patch+json'))).toEqual([
      422,
      ' "" is invalid: patch: Invalid value: "map[data:5]": cannot restore map from int64',
    ]);
  });

  it('with unknown fields is invalid where it is strict', async () => {
    const strict = await admin.patch(`${await made()}?fieldValidation=Strict`, { x: 1 });
    expect(codeAndMessage(strict)[1]).toMatch(/^ "" is invalid: patch: .*strict decoding error: unknown field "x"$/);
    expect(strict.status).toBe(422);
  });

  it('copies what is missing as null, and replaces it', async () => {
    const type = 'application/json-patch+json';
    const copy = await admin.patch(await made(), [{ op: 'copy', from: '/nope', path: '/metadata/labels' }], type);
    expect([copy.status, copy.body.metadata.labels]).toEqual([200, undefined]);
    const replace = await admin.patch(await made(), [{ op: 'replace', path: '/data', value: { b: 'c' } }], type);
    expect(replace.body['data']).toEqual({ b: 'c' });
    const list = await admin.patch(await made(), { op: 'add' }, type);
    expect(codeAndMessage(list)[1]).toBe(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  });
});

describe('immutable fields', () => {
  it('an empty map is another value than none', async () => {
    const at = await made({ data: { a: 'b' }, immutable: true });
    const object = { ...configMap(at.split('/').at(-1) ?? '', { data: { a: 'b' }, immutable: true }), binaryData: {} };
    expect(causes(await admin.put(at, object))).toEqual([
      'binaryData: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('the type of a Workspace cannot change by way of none', async () => {
    const at = `${workspacesOf(path)}/typed`;
    await makeWorkspace(admin, path, 'typed', { type: { path: 'root', name: 'universal' } });
    expect(codeAndMessage(await admin.patch(at, { spec: { type: null } }))).toEqual([
      403,
      'workspaces.tenancy.kcp.io "typed" is forbidden: spec.type: Invalid value: null: field is immutable',
    ]);
    expect(codeAndMessage(await admin.patch(at, { spec: { type: { name: 'organization' } } }))[0]).toBe(422);
    expect(field((await admin.get(at)).body, 'spec.type.name')).toBe('universal');
  });

  it('the name that a reference leaves out cannot be filled in later', async () => {
    const own = { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name: 'own.io' }, spec: {} };
    await done(admin.post(exportsOf(path), own));
    const binding = {
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIBinding',
      metadata: { name: 'own' },
      spec: { reference: { export: { path: '', name: 'own.io' } } },
    };
    const bound = await done(admin.post(bindingsOf(path), binding));
    expect(bound['spec']).toEqual({ reference: { export: { name: 'own.io' } } });
    const other = await admin.patch(`${bindingsOf(path)}/own`, { spec: { reference: { export: { path: 'root' } } } });
    expect(codeAndMessage(other)[1]).toMatch(/APIExport reference must not be changed/);
  });
});

describe('quantities', () => {
  const quota = (hard: object) =>
    admin.post(`${core}/resourcequotas?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard },
    });
  const cannot = 'ResourceQuota in version "v1" cannot be handled as a ResourceQuota: ';
  const form = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

  it.each([
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['0.5', '500m'],
    ['1e3', '1e3'],
    [5, '5'],
    ['+2', '2'],
    ['0.0001', '1m'],
    ['1.5Gi', '1536Mi'],
    ['00', '0'],
    [' 7 ', '7'],
    ['1000k', '1M'],
  ])('%j becomes %j', async (sent, canonical) => {
    const answer = await quota({ 'requests.cpu': sent });
    expect(field(answer.body, 'spec.hard'), answer.text).toEqual({ 'requests.cpu': canonical });
  });

  it.each([
    ['x', form],
    ['', form],
    [true, form],
    [{}, form],
    ['1 Gi', form],
    ['1Gm', "unable to parse quantity's suffix"],
    ['1ee', "unable to parse quantity's suffix"],
  ])('%j is none', async (sent, why) => {
    expect(codeAndMessage(await quota({ pods: sent }))).toEqual([400, cannot + why]);
  });
});

describe('what is left out and what is dropped', () => {
  it('empty maps of built-in kinds', async () => {
    const answer = await admin.post(`${url}?dryRun=All`, configMap(fresh(), { data: {}, binaryData: {} }));
    expect(answer.body).not.toHaveProperty('data');
    expect(answer.body).not.toHaveProperty('binaryData');
  });

  it('an update to an empty map changes nothing', async () => {
    const at = await made();
    const before = await done(admin.get(at));
    const { resourceVersion } = (await done(admin.patch(at, { binaryData: {} }))).metadata;
    expect(resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('all of a reference to a Secret but its name', async () => {
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: fresh() },
      secrets: [{ name: 's', namespace: 'n', kind: 'Secret', apiVersion: 'v1' }],
    };
    expect((await admin.post(`${core}/serviceaccounts?dryRun=All`, account)).body['secrets']).toEqual([{ name: 's' }]);
  });
});

describe('validation', () => {
  const post = (to: string, object: object) => admin.post(`${to}?dryRun=All`, object);

  it('of selectors in aggregated roles', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'r' },
      rules: [],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'a/b/c' } }] },
    };
    const [label, selector] = causes(await post(`${rbacOf(path)}/clusterroles`, role));
    expect(label).toMatch(
      /^aggregationRule.clusterRoleSelectors\[0\].matchLabels: Invalid value: "a\/b\/c": a valid label must be/,
    );
    expect(selector).toBe('aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.');
  });

  it('of selectors in PartitionSets', async () => {
    const set = {
      apiVersion: 'topology.kcp.io/v1alpha1',
      kind: 'PartitionSet',
      metadata: { name: 'p' },
      spec: { dimensions: ['region'], shardSelector: { matchLabels: { a: 'a/b/c' } } },
    };
    const to = `${base(path)}/apis/topology.kcp.io/v1alpha1/partitionsets`;
    expect(causes(await post(to, set))).toEqual([
      expect.stringMatching(
        /^spec.shardSelector.matchLabels: Invalid value: Label values are limited to 63 characters/,
      ),
    ]);
    const matchExpressions = [
      { key: '-a', operator: 'Exists' },
      { key: 'b', operator: 'NotIn' },
      { key: 'c', operator: 'DoesNotExist', values: ['x'] },
    ];
    expect(causes(await post(to, { ...set, spec: { shardSelector: { matchExpressions } } }))).toEqual([
      expect.stringMatching(
        /^spec.shardSelector.matchExpressions\[0\].key: Invalid value: Label key prefixes are optional/,
      ),
      expect.stringMatching(
        /^spec.shardSelector.matchExpressions\[1\]: Invalid value: There should be at least one value/,
      ),
      expect.stringMatching(
        /^spec.shardSelector.matchExpressions\[2\]: Invalid value: There should be at least one value/,
      ),
    ]);
  });

  it('of selectors in access reviews', async () => {
    const review = (fieldSelector: object) =>
      admin.post(`${base(path)}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'get', fieldSelector } },
      });
    const requirements = [{ key: 'k', operator: 'In', values: ['v'] }];
    expect(codeAndMessage(await review({ rawSelector: 'a=b', requirements }))).toEqual([
      422,
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
    ]);
    expect(causes(await review({}))).toEqual([
      'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    ]);
    expect((await review({ requirements })).status).toBe(201);
  });

  it('of how versions are converted', async () => {
    const cows = definition('cows') as { spec: object };
    const answer = await post(definitionsOf(path), { ...cows, spec: { ...cows.spec, conversion: {} } });
    expect(causes(answer)).toEqual(['spec.conversion.strategy: Required value']);
  });

  it('of an export whose shape is wrong says that its rules were not checked', async () => {
    const wrong = (spec: object) =>
      post(exportsOf(path), {
        apiVersion: 'apis.kcp.io/v1alpha2',
        kind: 'APIExport',
        metadata: { name: 'w.io' },
        spec,
      });
    const unchecked = expect.stringMatching(/^<nil>: Invalid value: null: some validation rules were not checked/);
    expect(causes(await wrong({ permissionClaims: [null] }))).toEqual([
      'spec.permissionClaims[0]: Invalid value: "null": spec.permissionClaims[0] in body must be of type object: "null"',
      unchecked,
    ]);
    expect(causes(await wrong({ resources: {} }))).toEqual([expect.stringMatching(/^spec.resources: /), unchecked]);
    const named = { group: 'fz.io', name: 'gizmos', schema: 'v1.other.fz.io', storage: { crd: {} } };
    expect(codeAndMessage(await wrong({ resources: [named] }))).toEqual([
      403,
      'apiexports.apis.kcp.io "w.io" is forbidden: spec.resources[0].schema: Invalid value: "v1.other.fz.io": must end in .gizmos.fz.io',
    ]);
  });
});

describe('views', () => {
  const as = (name: string) => ({ accept: `application/json;as=${name};v=v1;g=meta.k8s.io` });

  it('a list is no PartialObjectMetadata, and an object no list of them', async () => {
    const at = await made();
    expect(codeAndMessage(await admin.get(url, as('PartialObjectMetadata')))).toEqual([
      406,
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
    ]);
    expect(codeAndMessage(await admin.get(at, as('PartialObjectMetadataList')))).toEqual([
      406,
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    ]);
    expect(codeAndMessage(await admin.get(horses, as('PartialObjectMetadata')))[1]).toContain(
      '*unstructured.UnstructuredList',
    );
    expect((await admin.get(url, as('PartialObjectMetadataList'))).status).toBe(200);
    expect((await admin.get(at, as('PartialObjectMetadata'))).status).toBe(200);
  });
});

it('a terminating namespace goes when its finalizers are cleared', async () => {
  const namespaces = `${base(path)}/api/v1/namespaces`;
  const at = `${namespaces}/stuck`;
  await done(admin.post(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stuck' } }));
  const held = { ...custom('Horse', 'held'), metadata: { name: 'held', finalizers: ['example.com/held'] } };
  await done(admin.post(`${base(path)}/apis/wild.west/v1alpha1/namespaces/stuck/horses`, held));
  const marked = await done(admin.delete(at));
  expect(field(marked, 'status.phase')).toBe('Terminating');
  const plain = await done(admin.put(at, { ...(await done(admin.get(at))), spec: { finalizers: [] } }));
  expect(field(plain, 'spec.finalizers')).toEqual(['kubernetes']);
  await done(admin.put(`${at}/finalize`, { ...plain, spec: { finalizers: [] } }));
  expect((await admin.get(at)).status).toBe(404);
});

describe('items of lists', () => {
  const kindsOf = (list: unknown) =>
    new Set((field(list, 'items') as KubeObject[]).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));

  it('of built-in kinds leave what they are to the list, those of custom kinds say it', async () => {
    await made();
    await done(admin.post(horses, custom('Horse', 'listed')));
    expect(kindsOf(await done(admin.get(url)))).toEqual(new Set(['undefined undefined']));
    expect(kindsOf(await done(admin.get(horses)))).toEqual(new Set(['wild.west/v1alpha1 Horse']));
    const yaml = await admin.get(url, { accept: 'application/yaml' });
    expect(yaml.text).not.toMatch(/kind: ConfigMap\n/);
    expect(yaml.text).toMatch(/kind: ConfigMapList\n/);
  });

  it('of another version of a stored kind as well', async () => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: fresh() },
      involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'a' },
    };
    await done(admin.post(`${core}/events`, event));
    const events = await done(admin.get(`${base(path)}/apis/events.k8s.io/v1/namespaces/default/events`));
    expect(kindsOf(events)).toEqual(new Set(['undefined undefined']));
    expect(field(events, 'items.0.regarding.name')).toBe('a');
  });
});
