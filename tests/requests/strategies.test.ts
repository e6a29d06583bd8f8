/** What the table of strategies says of each kind is what the server does with it. */

import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { groupVersionText, writeRulesOf } from '@kcp-ts/api';
import { boundDefinitions, builtinDefinitions, systemDefinitions } from '@kcp-ts/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { admit, base, done, field, grant, makeWorkspace } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';
import { startServerWithUsers } from '../harness/users.ts';
import { sampleOf } from './samples.ts';

let server: TestServer;
let admin: ApiClient;
const path = 'root:strategies';

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'strategies', { type: { path: 'root', name: 'universal' } });
});

afterAll(() => server[Symbol.asyncDispose]());

function collectionOf(row: ResourceDefinition): string {
  const group = row.group === '' ? `api/${row.version}` : `apis/${row.group}/${row.version}`;
  return `${base(path)}/${group}/${row.namespaced ? 'namespaces/default/' : ''}${row.plural}`;
}

const named = new Set(['CustomResourceDefinition', 'APIResourceSchema']);

/**
 * Without what keeps it from being deleted; under a name of its own where the name says nothing.
 */
function objectOf(row: ResourceDefinition, name: string): KubeObject {
  const sample = sampleOf(groupVersionText(row), row.kind);
  if (sample === undefined) throw new Error(`${row.kind} has no sample`);
  const { metadata } = sample;
  const { status: _status, ...rest } = sample;
  return {
    ...rest,
    metadata: {
      name: named.has(row.kind)
        ? metadata.name
        : `${row.group.split('.')[0] || 'core'}-${row.kind.toLowerCase()}-${name}`,
    },
  } as KubeObject;
}

const json = { 'content-type': 'application/json' };
const put = (url: string, object: KubeObject) => admin.request('PUT', url, JSON.stringify(object), json);

const kinds = [...builtinDefinitions, ...systemDefinitions, ...boundDefinitions]
  .filter(({ verbs, group, kind, virtual }) => {
    const made = verbs.includes('create') && kind !== 'LogicalCluster' && kind !== 'Shard';
    return made && virtual !== true && !group.endsWith('kcp.dev');
  })
  // A binding and a version of another one are in each other's way.
  .filter(({ kind, version }) => !((kind === 'APIBinding' || kind === 'APIExport') && version === 'v1alpha1'));

describe.each(kinds.map((row) => [`${groupVersionText(row)} ${row.kind}`, row] as const))('%s', (_name, row) => {
  const writeRules = writeRulesOf(row);
  const url = `${collectionOf(row)}/${objectOf(row, 'one').metadata.name}`;

  it(`a PUT of what is not there ${writeRules.createOnUpdate ? 'creates it' : 'does not find it'}`, async () => {
    const object = objectOf(row, 'put');
    const at = `${collectionOf(row)}/${object.metadata.name}`;
    const answer = await put(at, { ...object, metadata: { ...object.metadata, resourceVersion: '5' } });
    expect(answer.status, answer.text).toBe(writeRules.createOnUpdate ? 201 : 404);
    expect((await admin.get(at)).status).toBe(writeRules.createOnUpdate ? 200 : 404);
  });

  it(`${writeRules.countsGenerations ? 'counts' : 'does not count'} its generations`, async () => {
    const made = await done(admin.post(collectionOf(row), objectOf(row, 'one')));
    expect(made.metadata.generation).toBe(writeRules.countsGenerations ? 1 : undefined);
  });

  it(`a PUT without a resourceVersion is ${writeRules.unconditionalUpdate ? 'taken' : 'invalid'}`, async () => {
    const live = await done(admin.get(url));
    const { resourceVersion: _seen, ...metadata } = live.metadata;
    const answer = await put(url, { ...live, metadata: { ...metadata, labels: { put: 'yes' } } } as KubeObject);
    expect(answer.status, answer.text).toBe(writeRules.unconditionalUpdate ? 200 : 422);
    if (!writeRules.unconditionalUpdate)
      expect(field(answer.body, 'message')).toContain(
        'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      );
  });

  if (row.subresources.some(({ name }) => name === 'status'))
    it(`a write of the status ${writeRules.statusKeepsMetadata ? 'keeps' : 'may change'} the metadata`, async () => {
      const answer = await server.shardAdmin.patch(`${url}/status`, { metadata: { labels: { status: 'yes' } } });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body.metadata.labels?.['status']).toBe(writeRules.statusKeepsMetadata ? undefined : 'yes');
    });

  it(`a delete answers with ${writeRules.returnsDeleted ? 'the object' : 'a Status, or what is marked'}`, async () => {
    const answer = await admin.delete(url);
    expect(answer.status, answer.text).toBe(200);
    const marked = answer.body.metadata.deletionTimestamp !== undefined;
    expect(answer.body.kind).toBe(writeRules.returnsDeleted || marked ? row.kind : 'Status');
    if (writeRules.returnsDeleted) expect(marked).toBe(false);
  });
});

it('a PUT creates for those who may create, and for nobody else', async () => {
  await using users = await startServerWithUsers();
  await makeWorkspace(users.admin, 'root', 'put', { type: { path: 'root', name: 'universal' } });
  await admit(users.admin, 'root:put', 'user-1');
  await grant(users.admin, 'root:put', 'updates', 'user-1', [
    { apiGroups: [''], resources: ['limitranges'], verbs: ['update'] },
  ]);
  const url = `${base('root:put')}/api/v1/namespaces/default/limitranges/a`;
  const object = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a' }, spec: { limits: [] } };
  const answer = await users.as('user-1').put(url, object);
  expect(answer.status, answer.text).toBe(403);
  expect(field(answer.body, 'message')).toContain('cannot create resource "limitranges"');
  expect((await users.admin.get(url)).status).toBe(404);
});
