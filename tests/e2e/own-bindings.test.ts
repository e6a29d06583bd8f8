/**
 * A provider finds its consumers by the bindings to its export, also where the export claims
 * bindings; a claim on events is one on both their groups.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Claim, MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  admit,
  base,
  bind,
  bindingsOf,
  done,
  grant,
  makeWorkspace,
  names,
  provide,
  rejected,
  virtualWorkspace,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;
let provider: ApiClient;
let own: MadeWorkspace;
let serial = 0;

const claim: Claim = { group: 'apis.kcp.io', resource: 'apibindings', verbs: ['list', 'watch'] };
const workspace = (name: string) => makeWorkspace(admin, 'root', `${name}-${++serial}`);

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
  provider = server.as('provider');
  own = await workspace('provider');
  await admit(admin, own.path, 'provider');
  await grant(admin, own.path, 'content', 'provider', [
    { apiGroups: ['apis.kcp.io'], resources: ['apiexports/content'], verbs: ['*'] },
  ]);
});

afterAll(() => server[Symbol.asyncDispose]());

const bindingsIn = (virtual: string, cluster: string) =>
  `${virtual}/clusters/${cluster}/apis/apis.kcp.io/v1alpha2/apibindings`;

it('the bindings to an export are shown to its provider whatever becomes of a claim on bindings', async () => {
  await provide(admin, own.path, 'cowboys', 'cowboys', [claim]);
  const [granting, refusing] = [await workspace('granting'), await workspace('refusing')];
  await bind(admin, granting.path, own.path, 'cowboys', [accepted(claim)]);
  await bind(admin, refusing.path, own.path, 'cowboys', [rejected(claim)]);
  const virtual = await virtualWorkspace(admin, own.path, 'cowboys');
  const others = names((await admin.get(bindingsOf(granting.path))).body).filter((name) => name !== 'cowboys');
  expect(others).not.toEqual([]);
  const expected = [...others, 'cowboys'].sort();
  expect(names((await provider.get(bindingsIn(virtual, granting.cluster))).body)).toEqual(expected);
  expect(names((await provider.get(bindingsIn(virtual, refusing.cluster))).body)).toEqual(['cowboys']);
  expect(names((await provider.get(bindingsIn(virtual, '*'))).body)).toEqual([...expected, 'cowboys'].sort());
  for (const { cluster } of [granting, refusing])
    expect((await provider.get(`${bindingsIn(virtual, cluster)}/cowboys`)).status).toBe(200);
  // What is claimed to be listed is not there to be got, and nothing is there to be changed.
  expect((await provider.get(`${bindingsIn(virtual, granting.cluster)}/${others[0]}`)).status).toBe(404);
  const change = { metadata: { labels: { a: 'b' } } };
  for (const { cluster } of [granting, refusing])
    expect((await provider.patch(`${bindingsIn(virtual, cluster)}/cowboys`, change)).status).toBe(403);
});

it('a watch of bindings says who binds and unbinds, whatever becomes of the claim', async () => {
  await provide(admin, own.path, 'horses', 'horses', [claim]);
  const [before, after] = [await workspace('before'), await workspace('after')];
  await bind(admin, before.path, own.path, 'horses', [rejected(claim)]);
  const virtual = await virtualWorkspace(admin, own.path, 'horses');
  const stop = new AbortController();
  const events = provider.watch(`${bindingsIn(virtual, '*')}?watch=1`, stop.signal)[Symbol.asyncIterator]();
  async function next(type: string, cluster: string): Promise<void> {
    for (;;) {
      const { value, done: over } = await events.next();
      if (over === true) throw new Error(`the watch ended before ${type} of ${cluster}`);
      const { name, annotations } = value.object.metadata;
      if (value.type === type && name === 'horses' && annotations?.['kcp.io/cluster'] === cluster) return;
    }
  }
  await next('ADDED', before.cluster);
  await bind(admin, after.path, own.path, 'horses', [rejected(claim)]);
  await next('ADDED', after.cluster);
  await done(admin.delete(`${bindingsOf(before.path)}/horses`));
  await next('DELETED', before.cluster);
  stop.abort();
});

it('a claim on events of either group shows them in both', async () => {
  const verbs = ['get', 'list', 'create'];
  for (const [name, group] of [
    ['core-events', ''],
    ['new-events', 'events.k8s.io'],
  ] as const) {
    const events: Claim = { group, resource: 'events', verbs };
    await provide(admin, own.path, name, name.replace('-', ''), [events]);
    const consumer = await workspace('consumer');
    await bind(admin, consumer.path, own.path, name, [accepted(events)]);
    const inside = `${await virtualWorkspace(admin, own.path, name)}/clusters/${consumer.cluster}`;
    const object = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'seen', namespace: 'default' },
      involvedObject: { kind: 'ConfigMap', name: 'a', namespace: 'default' },
    };
    const old = '/api/v1/namespaces/default/events';
    await done(admin.post(`${base(consumer.path)}${old}`, object));
    for (const path of [old, '/apis/events.k8s.io/v1/namespaces/default/events'])
      expect((await provider.get(`${inside}${path}/seen`)).status, path).toBe(200);
  }
});
