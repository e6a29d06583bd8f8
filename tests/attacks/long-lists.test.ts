/**
 * What long lists of other objects, and types that bring much, cost other tenants: nothing that
 * they notice.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  base,
  bind,
  condition,
  done,
  exportOf,
  exportsOf,
  field,
  resourceSchema,
  schemasOf,
  typesOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { Attacked } from './attacked.fixture.ts';
import { answered, body, many, startAttacked } from './attacked.fixture.ts';

let attacked: Attacked;
let tenant: ApiClient;
let path: string;

/** Five attempts, and none of them may be in a hurry. */
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  attacked = await startAttacked();
  ({ tenant, path } = attacked);
});

afterAll(() => attacked[Symbol.asyncDispose]());

const holds = (attack: () => Promise<unknown>) => attacked.holds(attack);

it('lists of kcp’s kinds are bounded, and those of Kubernetes’ kinds are looked at without holding anybody up', async () => {
  const of = (apiVersion: string, kind: string, fields: object) =>
    body({ apiVersion, kind, metadata: { generateName: 'long-' }, ...fields });
  const type = (spec: object) => of('tenancy.kcp.io/v1alpha1', 'WorkspaceType', { spec });
  const elsewhere = many(40_000, (i) => ({ path: `root:p${i}`, name: 't', export: 'e' }));
  const texts = many(150_000, (i) => `v${i}`);
  const values = { matchExpressions: [{ key: 'k', operator: 'In', values: texts }] };
  const expressions = { matchExpressions: many(40_000, (i) => ({ key: `k${i}`, operator: 'Exists' })) };
  const exported = (version: string, spec: object) => of(`apis.kcp.io/${version}`, 'APIExport', { spec });
  const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
  const selected = many(40_000, (i) => ({ name: `n${i}` }));
  const topology = `${base(path)}/apis/topology.kcp.io/v1alpha1`;
  const names = { plural: 'longs', kind: 'Long', shortNames: texts };
  const bounded: readonly (readonly [string, Buffer])[] = [
    [typesOf(path), type({ extend: { with: elsewhere } })],
    [typesOf(path), type({ defaultAPIBindings: elsewhere })],
    [typesOf(path), type({ limitAllowedChildren: { types: elsewhere } })],
    [typesOf(path), type({ limitAllowedParents: { types: elsewhere } })],
    [typesOf(path), type({ initializerPermissions: [{ verbs: texts }] })],
    [workspacesOf(path), of('tenancy.kcp.io/v1alpha1', 'Workspace', { spec: { location: { selector: values } } })],
    [`${topology}/partitions`, of('topology.kcp.io/v1alpha1', 'Partition', { spec: { selector: expressions } })],
    [`${topology}/partitionsets`, of('topology.kcp.io/v1alpha1', 'PartitionSet', { spec: { dimensions: texts } })],
    [exportsOf(path), exported('v1alpha2', { permissionClaims: [{ ...claim, verbs: texts }] })],
    [exportsOf(path), exported('v1alpha2', { permissionClaims: [{ ...claim, defaultSelector: values }] })],
    [exportsOf(path).replace('v1alpha2', 'v1alpha1'), exported('v1alpha1', { latestResourceSchemas: texts })],
    [
      exportsOf(path).replace('v1alpha2', 'v1alpha1'),
      exported('v1alpha1', { permissionClaims: [{ ...claim, verbs: undefined, resourceSelector: selected }] }),
    ],
    [schemasOf(path), of('apis.kcp.io/v1alpha1', 'APIResourceSchema', { spec: { group: 'a.io', names } })],
  ];
  const namespaced = `${base(path)}/api/v1/namespaces/default`;
  const webhooks = `${base(path)}/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations`;
  const webhook = { name: 'a.b.io', sideEffects: 'None', clientConfig: { url: 'https://localhost/' } };
  const configuration = (fields: object) =>
    of('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { webhooks: [{ ...webhook, ...fields }] });
  const limits = many(40_000, () => ({ type: 'Container', max: { cpu: '1' } }));
  const unbounded: readonly (readonly [string, Buffer])[] = [
    [webhooks, configuration({ admissionReviewVersions: texts })],
    [webhooks, configuration({ admissionReviewVersions: many(150_000, () => 'v9') })],
    [webhooks, configuration({ rules: [{ operations: many(150_000, () => 'NO') }] })],
    [`${namespaced}/limitranges`, of('v1', 'LimitRange', { spec: { limits } })],
    [`${namespaced}/resourcequotas`, of('v1', 'ResourceQuota', { spec: { scopes: texts } })],
    [
      `${base(path)}/api/v1/namespaces`,
      of('v1', 'Namespace', { spec: { finalizers: many(90_000, (i) => `a.io/f${i}`) } }),
    ],
  ];
  await holds(async () => {
    for (const [url, sent] of bounded) {
      const { status, text } = await answered(tenant.post(url, sent));
      expect([url, status, text.slice(0, 1_000)]).toEqual([url, 422, expect.stringContaining('Too many: ')]);
    }
  });
  for (const [url, sent] of unbounded) await holds(() => answered(tenant.post(url, sent)));
});

it('a workspace of a type that extends a thousand others and binds as much as it may is made without holding anybody up', async () => {
  const plurals = many(64, (i) => `default${i}s`);
  const large = many(200, (i) => `large${i}s`);
  for (const plural of [...plurals, ...large]) await done(tenant.post(schemasOf(path), resourceSchema(plural)));
  for (const [i, plural] of plurals.entries()) {
    const resources = i === 0 ? [plural, ...large] : [plural];
    await done(
      tenant.post(exportsOf(path), exportOf(plural, { resources: resources.map((one) => ({ plural: one })) })),
    );
  }
  for (const plural of plurals)
    await tenant.until(`${exportsOf(path)}/${plural}`, (found) => condition(found.body, 'IdentityValid') === 'True');
  const type = (name: string, spec: object) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'WorkspaceType',
    metadata: { name },
    spec,
  });
  await done(tenant.post(typesOf(path), type('plain', {})));
  const written = body(
    type('thousands', {
      extend: { with: many(1_000, () => ({ path, name: 'plain' })) },
      defaultAPIBindings: plurals.map((plural) => ({ path, export: plural })),
    }),
  );
  const onTop = { extend: { with: [{ path, name: 'thousands' }] }, defaultAPIBindings: [{ path, export: plurals[0] }] };
  await done(tenant.post(typesOf(path), type('one-more', onTop)));
  let made = 0;
  await holds(async () => {
    await answered(tenant.post(typesOf(path), written));
    const name = `of-thousands-${made++}`;
    const wanted = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name } };
    const answer = await answered(
      tenant.post(workspacesOf(path), { ...wanted, spec: { type: { path, name: 'thousands' } } }),
    );
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([201, expect.any(String)]);
    await tenant.until(`${workspacesOf(path)}/${name}`, (found) => field(found.body, 'status.phase') === 'Ready');
    await answered(tenant.delete(`${workspacesOf(path)}/${name}`));
    const refused = await answered(
      tenant.post(workspacesOf(path), { ...wanted, spec: { type: { path, name: 'one-more' } } }),
    );
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('more than 1000 types')]);
  });
});

it('the schemas that a workspace has bound, 36 MB of them, are shown without holding anybody up', async () => {
  const plurals = many(60, (i) => `wordy${i}s`);
  const words = 'w'.repeat(2_000);
  const properties = Object.fromEntries(many(300, (i) => [`p${i}`, { type: 'string', description: `${words}${i}` }]));
  for (const plural of plurals)
    await done(tenant.post(schemasOf(path), resourceSchema(plural, { schema: { type: 'object', properties } })));
  const resources = plurals.map((plural) => ({ plural }));
  await done(tenant.post(exportsOf(path), exportOf('wordy', { resources })));
  await bind(tenant, path, path, 'wordy');
  const shown = `/services/apiresourceschema/${path}/apis/apis.kcp.io/v1alpha1/apiresourceschemas`;
  await holds(async () => {
    const { status, text } = await answered(tenant.get(shown));
    expect([status, text.length > 36_000_000]).toEqual([200, true]);
    expect((await answered(tenant.get(`${shown}/none`))).status).toBe(404);
  });
});
