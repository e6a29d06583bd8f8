/**
 * Objects that the server makes of what clients send (by scaling, converting, defaulting and
 * reading annotations) are bounded as bodies are, and trouble nobody else.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  anySchema,
  base,
  bind,
  bindingsOf,
  bindingTo,
  bindRole,
  configMap,
  configMapsOf,
  custom,
  definition,
  definitionsOf,
  done,
  exportOf,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  namesOf,
  provide,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
/** The attacker: cluster-admin of `evil`, and may bind what `victim` exports. */
let mallory: ApiClient;
let evil: MadeWorkspace;
let victim: MadeWorkspace;
let consumer: MadeWorkspace;
let view: string;

const universal = { type: { path: 'root', name: 'universal' } };
const claim: Claim = { group: '', resource: 'configmaps', verbs: ['*'] };
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const legacy = (url: string) => url.replace('v1alpha2', 'v1alpha1');
const kept = 'apis.v1alpha2.kcp.io/';
/** More than a body may nest, more than the stack holds, and as many as an annotation holds. */
const depths = [600, 30_000, 120_000];

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  mallory = server.as('user-1');
  evil = await makeWorkspace(admin, 'root', 'evil', universal);
  await admit(admin, evil.path, 'user-1');
  await bindRole(admin, evil.path, 'all', 'user-1', 'cluster-admin');
  victim = await makeWorkspace(admin, 'root', 'victim', universal);
  consumer = await makeWorkspace(admin, 'root', 'consumer', universal);
  await provide(admin, victim.path, 'things', 'things', [claim], { group: 'victim.io' });
  await admit(admin, victim.path, 'user-1');
  await grant(admin, victim.path, 'binder', 'user-1', [
    { apiGroups: ['apis.kcp.io'], resources: ['apiexports'], verbs: ['bind'] },
  ]);
  await bind(admin, consumer.path, victim.path, 'things', [accepted(claim)]);
  await done(admin.post(configMapsOf(consumer.path), configMap('shown')));
  view = `/services/apiexport/${victim.cluster}/things/clusters/*`;
});

afterAll(() => server[Symbol.asyncDispose]());

it.each([
  [490, 200],
  [510, 422],
  [4_990, 422],
])('a number of replicas is not put deeper than a body may nest (%d: %d)', async (levels, expected) => {
  const plural = `tower${levels}s`;
  const { spec, ...made } = definition(plural, { group: 'deep.io', schema: anySchema });
  const scale = { specReplicasPath: `.spec${'.a'.repeat(levels)}`, statusReplicasPath: '.status.replicas' };
  const versions = spec.versions.map((version) => ({ ...version, subresources: { scale } }));
  await done(mallory.post(definitionsOf(evil.path), { ...made, spec: { ...spec, versions } }));
  const objects = `${base(evil.path)}/apis/deep.io/v1alpha1/namespaces/default/${plural}`;
  await mallory.until(objects, ({ status }) => status === 200);
  const { kind } = namesOf(plural);
  await done(mallory.post(objects, custom(kind, 'one', { spec: {} }, 'deep.io')));
  const wanted = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'one' }, spec: { replicas: 3 } };
  for (let again = 0; again < 2; again++) {
    const put = await mallory.put(`${objects}/one/scale`, wanted);
    expect(put.status, put.text).toBe(expected);
    const patched = await mallory.patch(`${objects}/one/scale`, { spec: { replicas: 4 } });
    expect(patched.status, patched.text).toBe(expected);
  }
  // What can be read can be written back.
  const { body } = await mallory.get(`${objects}/one`);
  expect((await mallory.put(`${objects}/one`, body)).status).toBe(200);
});

describe('what other versions keep in annotations', () => {
  it.each(depths)('is refused when it is written and nests too deep (%d)', async (depth) => {
    const text = `[{"resource":"configmaps","verbs":["*"],"selector":{"matchLabels":{"a":${nested(depth)}}}}]`;
    const claims = [{ resource: 'configmaps', all: true, state: 'Accepted' }];
    const spec = { reference: { export: { path: victim.path, name: 'things' } }, permissionClaims: claims };
    const annotations = { [`${kept}acceptable-permission-claims`]: text };
    const apiVersion = 'apis.kcp.io/v1alpha1';
    const binding = { apiVersion, kind: 'APIBinding', metadata: { name: 'deep', annotations }, spec };
    const answer = await mallory.post(legacy(bindingsOf(evil.path)), binding);
    expect(answer.status, answer.text).toBe(422);
    const source = {
      apiVersion,
      kind: 'APIExport',
      spec: { permissionClaims: [{ resource: 'configmaps', all: true }] },
      metadata: { name: 'deep', annotations: { [`${kept}permission-claims`]: text } },
    };
    const exported = await mallory.post(legacy(exportsOf(evil.path)), source);
    expect(exported.status, exported.text).toBe(422);
  });

  it.each(depths)(
    'says nothing when it is read and nests too deep, and hides nothing of others (%d)',
    async (depth) => {
      for (const selector of [`{"name":${nested(depth)}}`, `{"namespace":${nested(depth)}}`]) {
        const text = `[{"resource":"configmaps","resourceSelector":[${selector}]}]`;
        const annotations = { [`${kept}v1alpha1-permission-claims`]: text };
        const binding = bindingTo('things', victim.path, 'things', [accepted(claim)]);
        await done(mallory.post(bindingsOf(evil.path), { ...binding, metadata: { name: 'things', annotations } }));
        await mallory.until(`${bindingsOf(evil.path)}/things`, ({ body }) => field(body, 'status.phase') === 'Bound');
        const source = exportOf('source', { claims: [claim] });
        await done(mallory.post(exportsOf(evil.path), { ...source, metadata: { name: 'source', annotations } }));
        for (const url of [bindingsOf(evil.path), exportsOf(evil.path)]) {
          const answer = await mallory.get(legacy(url));
          expect(answer.status, answer.text).toBe(200);
        }
        await done(mallory.post(configMapsOf(evil.path), configMap('own')));
        // It grants nothing of the attacker's, and the provider sees the others.
        const shown = await admin.get(`${view}/api/v1/configmaps`);
        expect([shown.status, names(shown.body)]).toEqual([200, expect.arrayContaining(['shown'])]);
        expect(names(shown.body)).not.toContain('own');
        const bindings = await admin.get(`${view}/apis/apis.kcp.io/v1alpha1/apibindings`);
        expect([bindings.status, names(bindings.body).length]).toEqual([200, 2]);
        await done(mallory.delete(`${configMapsOf(evil.path)}/own`));
        await done(mallory.delete(`${bindingsOf(evil.path)}/things`));
        await mallory.until(`${bindingsOf(evil.path)}/things`, ({ status }) => status === 404);
        await done(mallory.delete(`${exportsOf(evil.path)}/source`));
      }
    },
  );
});

it('defaults make no object of more names than a body may have', async () => {
  const many = (of: string) => Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`${of}-${i}`, 1]));
  const filled = { ...anySchema, default: many('default') };
  const schema = { type: 'object', properties: { spec: { ...anySchema }, filled } };
  await done(mallory.post(definitionsOf(evil.path), definition('fillings', { group: 'deep.io', schema })));
  const objects = `${base(evil.path)}/apis/deep.io/v1alpha1/namespaces/default/fillings`;
  await mallory.until(objects, ({ status }) => status === 200);
  const answer = await mallory.post(objects, custom('Filling', 'two', { spec: many('own') }, 'deep.io'));
  expect(answer.status, answer.text).toBe(413);
  await done(mallory.post(objects, custom('Filling', 'one', {}, 'deep.io')));
});
