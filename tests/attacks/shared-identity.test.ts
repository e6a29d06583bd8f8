/**
 * Exports that are gone, and exports that share an identity: what a consumer may do, and what a
 * provider is shown, follows from the binding and its time.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  admit,
  base,
  bind,
  bindingsOf,
  bindRole,
  custom,
  done,
  exportOf,
  exportsOf,
  field,
  grant,
  makeWorkspace,
  names,
  provide,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
let provider: MadeWorkspace;
let consumer: MadeWorkspace;

const universal = { type: { path: 'root', name: 'universal' } };
const objectsOf = (path: string, plural: string) =>
  `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/${plural}`;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  provider = await makeWorkspace(admin, 'root', 'sharing-provider', universal);
  consumer = await makeWorkspace(admin, 'root', 'sharing-consumer', universal);
});
afterAll(() => server[Symbol.asyncDispose]());

it('a maximal permission policy does not open when its export is gone', async () => {
  await provide(admin, provider.path, 'cows', 'cows');
  const limit = { spec: { maximalPermissionPolicy: { local: {} } } };
  await done(admin.patch(`${exportsOf(provider.path)}/cows`, limit));
  await grant(admin, provider.path, 'readers', 'apis.kcp.io:binding:user-1', [
    { apiGroups: ['wild.west'], resources: ['cows'], verbs: ['get', 'list'] },
  ]);
  await bind(admin, consumer.path, provider.path, 'cows');
  await admit(admin, consumer.path, 'user-1');
  await bindRole(admin, consumer.path, 'all', 'user-1', 'cluster-admin');
  const user = server.as('user-1');
  const cows = objectsOf(consumer.path, 'cows');
  await user.until(cows, ({ status }) => status === 200);
  expect((await user.post(cows, custom('Cow', 'forged'))).status).toBe(403);
  await done(admin.delete(`${exportsOf(provider.path)}/cows`));
  await admin.until(`${exportsOf(provider.path)}/cows`, ({ status }) => status === 404);
  expect((await user.post(cows, custom('Cow', 'forged'))).status).toBe(403);
  // What the provider's RBAC allows goes on.
  expect((await user.get(cows)).status).toBe(200);
});

it('an export without a policy leaves its consumers their objects when it is gone', async () => {
  await provide(admin, provider.path, 'goats', 'goats');
  await bind(admin, consumer.path, provider.path, 'goats');
  await admit(admin, consumer.path, 'user-2');
  await bindRole(admin, consumer.path, 'herd', 'user-2', 'cluster-admin');
  const user = server.as('user-2');
  const goats = objectsOf(consumer.path, 'goats');
  await user.until(goats, ({ status }) => status === 200);
  await done(user.post(goats, custom('Goat', 'dolly')));
  await done(admin.delete(`${exportsOf(provider.path)}/goats`));
  await admin.until(`${exportsOf(provider.path)}/goats`, ({ status }) => status === 404);
  await done(user.get(`${goats}/dolly`));
  await done(user.post(goats, custom('Goat', 'shaun')));
  await done(user.delete(`${goats}/shaun`));
  await done(admin.delete(`${bindingsOf(consumer.path)}/goats`));
  await user.until(goats, ({ status }) => status !== 200);
});

it('of two exports with one identity neither shows what happened in a workspace before or after it was bound to it', async () => {
  await provide(admin, provider.path, 'horses', 'horses');
  const { body } = await admin.get(`${exportsOf(provider.path)}/horses`);
  const identity = field(body, 'spec.identity');
  const second = exportOf('stable', { resources: [{ plural: 'horses' }] });
  await done(admin.post(exportsOf(provider.path), { ...second, spec: { ...second.spec, identity } }));
  await admin.until(
    `${exportsOf(provider.path)}/stable`,
    (answer) => field(answer.body, 'status.identityHash') !== undefined,
  );
  const url = (which: string) =>
    `/services/apiexport/${provider.cluster}/stable/clusters/${which}/apis/wild.west/v1alpha1/horses`;
  const horses = objectsOf(consumer.path, 'horses');
  const binding = (name: string) => `${bindingsOf(consumer.path)}/${name}`;

  await bind(admin, consumer.path, provider.path, 'horses');
  await done(admin.post(horses, custom('Horse', 'before')));
  const { resourceVersion: early = '' } = (await admin.get(horses)).body.metadata;
  await done(admin.delete(binding('horses')));
  await admin.until(binding('horses'), ({ status }) => status === 404);

  await bind(admin, consumer.path, provider.path, 'stable');
  await done(admin.post(horses, custom('Horse', 'during')));
  await admin.until(url('*'), (answer) => names(answer.body).includes('during'));
  const exact = await admin.get(`${url('*')}?resourceVersion=${early}&resourceVersionMatch=Exact`);
  if (exact.status === 200) expect(names(exact.body)).toEqual([]);

  const stop = new AbortController();
  const seen: string[] = [];
  const old: string[] = [];
  const watchOld = (async () => {
    for await (const { type, object } of admin.watch(`${url('*')}?watch=true&resourceVersion=${early}`, stop.signal))
      old.push(`${type} ${object.metadata?.name ?? ''}`);
  })().catch(() => undefined);
  for await (const { type, object } of admin.watch(`${url(consumer.cluster)}?watch=true`, stop.signal)) {
    seen.push(`${type} ${object.metadata?.name ?? ''}`);
    if (seen.at(-1) === 'ADDED again') break;
    if (seen.length > 1) continue;
    await done(admin.delete(binding('stable')));
    await admin.until(binding('stable'), ({ status }) => status === 404);
    await bind(admin, consumer.path, provider.path, 'horses');
    await done(admin.post(horses, custom('Horse', 'after')));
    await done(admin.delete(binding('horses')));
    await admin.until(binding('horses'), ({ status }) => status === 404);
    await bind(admin, consumer.path, provider.path, 'stable');
    await done(admin.post(horses, custom('Horse', 'again')));
  }
  stop.abort();
  await watchOld;
  expect(seen[0]).toBe('ADDED during');
  expect(seen.some((text) => text.endsWith(' after'))).toBe(false);
  expect(old.some((text) => text.endsWith(' before') || text.endsWith(' after'))).toBe(false);
});
