/**
 * Random tenants that export, claim, bind and forge, compared with a model of what each may see and
 * change. The model is a page long and knows nothing of the server: an object is seen by who may
 * enter its workspace, and, through the virtual workspace of an export, by the export's owner where
 * the workspace has bound it, and the object is of the export's own API or the workspace has
 * granted it.
 */
import { claimLabel, exportHash } from '@kcp-ts/sharing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { installation } from '../harness/config.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  admit,
  base,
  bindingsOf,
  bindingTo,
  bindRole,
  condition,
  configMapsOf,
  done,
  exportOf,
  exportsOf,
  field,
  makeWorkspace,
  resourceSchema,
  schemasOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

const users = ['user-1', 'user-2', 'user-3'];
const numRuns = installation === 'cluster' ? 4 : 12;

interface Granted {
  readonly accepted: boolean;
  readonly verbs: readonly string[];
  /** Objects with the label `team: a` only. */
  readonly labelled: boolean;
}

interface Scenario {
  /**
   * By tenant: whether its export claims ConfigMaps, by which name of the group it claims bindings,
   * and whose API it claims.
   */
  readonly exports: readonly {
    readonly configMaps: boolean;
    readonly exportsAlias: boolean;
    readonly api: number;
    readonly verbs: readonly string[];
  }[];
  /** Who binds whose export, with which answers to its claims. */
  readonly bindings: readonly { readonly from: number; readonly to: number; readonly answer: Granted }[];
  readonly forgeries: readonly { readonly by: number; readonly about: number; readonly kind: number }[];
}

const tenant = fc.nat({ max: users.length - 1 });
const verbs = fc.constantFrom<readonly string[]>(['*'], ['get', 'list', 'watch'], ['list'], ['create', 'get']);
const scenario: fc.Arbitrary<Scenario> = fc.record({
  exports: fc.array(fc.record({ configMaps: fc.boolean(), exportsAlias: fc.boolean(), api: tenant, verbs }), {
    minLength: users.length,
    maxLength: users.length,
  }),
  bindings: fc.uniqueArray(
    fc.record({
      from: tenant,
      to: tenant,
      answer: fc.record({ accepted: fc.boolean(), verbs, labelled: fc.boolean() }),
    }),
    { maxLength: 6, selector: ({ from, to }) => `${from} ${to}` },
  ),
  forgeries: fc.array(fc.record({ by: tenant, about: tenant, kind: fc.nat({ max: 5 }) }), { maxLength: 6 }),
});

let server: ServerWithUsers;
let serial = 0;

beforeAll(async () => {
  server = await startServerWithUsers();
});

afterAll(() => server[Symbol.asyncDispose]());

interface Tenant {
  readonly client: ApiClient;
  readonly place: MadeWorkspace;
  readonly exportName: string;
  /** `t1s`: each tenant exports one API of its own, in one group for all. */
  readonly plural: string;
  identity: string;
}

const group = 'model.io';
const objectNames = ['plain', 'labelled'];
const labelsOf = (name: string) => (name === 'labelled' ? { team: 'a' } : {});
const virtualOf = ({ place, exportName }: Tenant) => `/services/apiexport/${place.cluster}/${exportName}`;
const apiPath = (plural: string) => `/apis/${group}/v1alpha1/namespaces/default/${plural}`;

async function makeTenant(index: number): Promise<Tenant> {
  const user = users[index] ?? '';
  const place = await makeWorkspace(server.admin, 'root', `model-${++serial}`, {
    type: { path: 'root', name: 'universal' },
  });
  await admit(server.admin, place.path, user);
  await bindRole(server.admin, place.path, 'all', user, 'cluster-admin');
  return { client: server.as(user), place, exportName: `export-${index}`, plural: `t${index}s`, identity: '' };
}

function claimsOf(
  tenants: readonly Tenant[],
  { configMaps, exportsAlias, api, verbs: asked }: Scenario['exports'][number],
): Claim[] {
  const { plural, identity } = tenants[api] as Tenant;
  return [
    ...(configMaps ? [{ group: '', resource: 'configmaps', verbs: asked }] : []),
    ...(exportsAlias ? [{ group: 'apis.kcp.dev', resource: 'apiexports', verbs: asked }] : []),
    { group, resource: plural, identityHash: identity, verbs: asked },
  ];
}

const answered = (claim: Claim, { accepted, verbs: granted, labelled }: Granted) => ({
  ...claim,
  verbs: granted,
  selector: labelled ? { matchLabels: { team: 'a' } } : { matchAll: true },
  state: accepted ? 'Accepted' : 'Rejected',
});

async function build(plan: Scenario): Promise<readonly Tenant[]> {
  const tenants = await Promise.all(users.map((_user, index) => makeTenant(index)));
  for (const one of tenants) {
    const { client, place, exportName, plural } = one;
    await done(client.post(schemasOf(place.path), resourceSchema(plural, { group })));
    await done(client.post(exportsOf(place.path), exportOf(exportName, { resources: [{ plural, group }] })));
    const ready = await client.until(
      `${exportsOf(place.path)}/${exportName}`,
      ({ body }) => condition(body, 'IdentityValid') === 'True',
    );
    one.identity = String(field(ready.body, 'status.identityHash'));
  }
  for (const [index, one] of tenants.entries()) {
    const claims = claimsOf(tenants, plan.exports[index] as Scenario['exports'][number]);
    await done(
      one.client.patch(`${exportsOf(one.place.path)}/${one.exportName}`, { spec: { permissionClaims: claims } }),
    );
  }
  for (const { from, to, answer } of plan.bindings) {
    const [consumer, provider] = [tenants[from] as Tenant, tenants[to] as Tenant];
    const claims = claimsOf(tenants, plan.exports[to] as Scenario['exports'][number]).map((claim) =>
      answered(claim, answer),
    );
    // The administrator sets it up: whether a tenant may bind is another question.
    await done(
      server.admin.post(
        bindingsOf(consumer.place.path),
        bindingTo(provider.exportName, provider.place.path, provider.exportName, claims),
      ),
    );
    await server.admin.until(
      `${bindingsOf(consumer.place.path)}/${provider.exportName}`,
      ({ body }) => field(body, 'status.phase') === 'Bound' && condition(body, 'PermissionClaimsApplied') === 'True',
    );
  }
  for (const { client, place } of tenants) {
    for (const name of objectNames) {
      await done(
        client.post(configMapsOf(place.path), {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, labels: labelsOf(name) },
        }),
      );
      for (const { plural } of tenants) {
        const kind = plural.slice(0, -1).toUpperCase();
        await client.post(`${base(place.path)}${apiPath(plural)}`, {
          apiVersion: `${group}/v1alpha1`,
          kind,
          metadata: { name, labels: labelsOf(name) },
        });
      }
    }
  }
  return tenants;
}

/**
 * What a tenant writes to be believed more than it is; whether it is let does not matter, only that
 * nothing follows from it.
 */
async function forge(tenants: readonly Tenant[], { by, about, kind }: Scenario['forgeries'][number]): Promise<void> {
  const [liar, victim] = [tenants[by] as Tenant, tenants[about] as Tenant];
  const own = `${exportsOf(liar.place.path)}/${liar.exportName}`;
  const alias = `${base(liar.place.path)}/apis/apis.kcp.dev/v1alpha1/apiexports/${liar.exportName}`;
  const label = claimLabel(victim.place.cluster, victim.exportName);
  switch (kind) {
    case 0:
      await liar.client.patch(`${alias}/status`, { status: { identityHash: victim.identity } });
      return;
    case 1:
      await liar.client.patch(`${own}/status`, { status: { identityHash: '-' } });
      return;
    case 2:
      await liar.client.patch(`${configMapsOf(liar.place.path)}/plain`, {
        metadata: { labels: { [label]: 'forged', 'internal.apis.kcp.io/export': 'x' } },
      });
      return;
    case 3:
      await liar.client.patch(`${bindingsOf(liar.place.path)}/${victim.exportName}`, {
        metadata: {
          labels: { 'internal.apis.kcp.io/export': exportHash(liar.place.cluster, liar.exportName) },
          finalizers: null,
        },
      });
      return;
    case 4:
      await liar.client.patch(`${configMapsOf(liar.place.path)}/plain`, {
        metadata: { annotations: { 'kcp.io/cluster': victim.place.cluster, 'internal.kcp.io/replicate': 'x' } },
      });
      return;
    default:
      await liar.client.patch(
        `${virtualOf(liar)}/clusters/${victim.place.cluster}/api/v1/namespaces/default/configmaps/plain`,
        { metadata: { labels: { [label]: 'forged' } } },
      );
  }
}

const allows = (list: readonly string[], verb: string) => list.includes('*') || list.includes(verb);

/** The page that says what is right. */
function createModel(plan: Scenario) {
  const bindingOf = (from: number, to: number) =>
    plan.bindings.find((binding) => binding.from === from && binding.to === to);

  /**
   * Whether the owner of an export may do something with an object of a resource in a workspace, by
   * the export's virtual workspace.
   */
  function reaches(owner: number, place: number, resource: 'configmaps' | number, name: string, verb: string): boolean {
    const binding = bindingOf(place, owner);
    const claims = plan.exports[owner];
    if (binding === undefined || claims === undefined) return false;
    if (resource === owner) return true;
    const claimed = resource === 'configmaps' ? claims.configMaps : claims.api === resource;
    if (!claimed || !binding.answer.accepted) return false;
    if (!allows(claims.verbs, verb) || !allows(binding.answer.verbs, verb)) return false;
    return !binding.answer.labelled || name === 'labelled';
  }

  /** Whether there is such an object: of an API that the workspace has bound. */
  const exists = (place: number, resource: 'configmaps' | number) =>
    resource === 'configmaps' || bindingOf(place, resource) !== undefined;

  /**
   * Whether the owner sees the exports of a workspace, which it may claim by an earlier name of
   * their group; none of them has a label.
   */
  function seesExports(owner: number, place: number): boolean {
    const binding = bindingOf(place, owner);
    const claims = plan.exports[owner];
    if (binding === undefined || claims === undefined || !claims.exportsAlias) return false;
    const { accepted, verbs: granted, labelled } = binding.answer;
    return accepted && !labelled && allows(claims.verbs, 'list') && allows(granted, 'list');
  }

  return { reaches, exists, seesExports };
}

type Model = ReturnType<typeof createModel>;

async function compare(tenants: readonly Tenant[], model: Model): Promise<void> {
  const resources: readonly ('configmaps' | number)[] = ['configmaps', ...users.keys()];
  const pathOf = (resource: 'configmaps' | number) =>
    resource === 'configmaps' ? '/api/v1/namespaces/default/configmaps' : apiPath((tenants[resource] as Tenant).plural);
  for (const [reader, { client }] of tenants.entries()) {
    for (const [place, target] of tenants.entries()) {
      // Straight into a workspace: one's own, and no other.
      const straight = await client.get(`${base(target.place.path)}/api/v1/namespaces/default/configmaps`);
      expect(straight.status, `${reader} in ${place}`).toBe(reader === place ? 200 : 403);
      // The virtual workspace of an export is its owner's.
      const foreign = await client.get(`${virtualOf(target)}/clusters/*/api/v1/configmaps`);
      if (reader !== place) expect(foreign.status, `${reader} at the export of ${place}`).toBe(403);
    }
    const own = tenants[reader] as Tenant;
    const exports = await client.get<{ items?: object[] }>(
      `${virtualOf(own)}/clusters/*/apis/apis.kcp.dev/v1alpha1/apiexports`,
    );
    const places = (exports.body.items ?? []).map(
      (item) => (field(item, 'metadata.annotations') as Record<string, string>)['kcp.io/cluster'],
    );
    const shown = [...tenants.keys()].filter((place) => model.seesExports(reader, place));
    expect(places.sort(), exports.text.slice(0, 300)).toEqual(
      shown.map((place) => (tenants[place] as Tenant).place.cluster).sort(),
    );
    for (const resource of resources) {
      const wanted: string[] = [];
      for (const place of tenants.keys())
        for (const name of objectNames)
          if (model.exists(place, resource) && model.reaches(reader, place, resource, name, 'list'))
            wanted.push(`${(tenants[place] as Tenant).place.cluster}/${name}`);
      const all = await client.get<{ items?: object[] }>(`${virtualOf(own)}/clusters/*${pathOf(resource)}`);
      const seen = (all.body.items ?? []).map(
        (item) =>
          `${(field(item, 'metadata.annotations') as Record<string, string>)['kcp.io/cluster']}/${field(item, 'metadata.name')}`,
      );
      // ConfigMaps of the system are in each workspace as well.
      const ours = seen.filter((text) => objectNames.includes(text.split('/')[1] ?? ''));
      expect(ours.sort(), `${reader} lists ${resource}: ${all.status} ${all.text.slice(0, 300)}`).toEqual(
        all.status === 200 ? wanted.sort() : [],
      );
      if (all.status !== 200) expect(wanted).toEqual([]);
      for (const [place, { place: there }] of tenants.entries()) {
        for (const name of objectNames) {
          const url = `${virtualOf(own)}/clusters/${there.cluster}${pathOf(resource)}/${name}`;
          const may = (verb: string) =>
            model.exists(place, resource) && model.reaches(reader, place, resource, name, verb);
          const got = await client.get(url);
          expect(got.status === 200, `${reader} gets ${url}: ${got.status} ${got.text}`).toBe(may('get'));
          const patched = await client.patch(url, { metadata: { annotations: { by: String(reader) } } });
          expect(patched.status === 200, `${reader} patches ${url}: ${patched.status} ${patched.text}`).toBe(
            may('patch'),
          );
        }
      }
    }
  }
}

it('random tenants see and change what the model says, whatever they forge', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (plan) => {
      const tenants = await build(plan);
      for (const forgery of plan.forgeries) await forge(tenants, forgery);
      await compare(tenants, createModel(plan));
    }),
    { numRuns, endOnFailure: true },
  );
}, 180_000);
