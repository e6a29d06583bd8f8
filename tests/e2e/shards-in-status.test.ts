/**
 * What is said of shards: partitions follow their labels, and types the URLs of their virtual
 * workspaces.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { base, condition, done, field, makeWorkspace, typesOf } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
});

afterAll(() => server[Symbol.asyncDispose]());

interface Partitions {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly selector: object };
  }[];
}

it('a set has a partition for each combination of values that shards have, and takes them with it', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'topology');
  const topology = `${base(path)}/apis/topology.kcp.io/v1alpha1`;
  const shards = `${base('root')}/apis/core.kcp.io/v1alpha1/shards`;
  const { items } = (await server.shardAdmin.get<Partitions>(shards)).body;
  const label = (name: string, region: string | null) =>
    done(server.shardAdmin.patch(`${shards}/${name}`, { metadata: { labels: { region } } }));
  const selectors = (wanted: readonly string[]) =>
    admin.until<Partitions>(`${topology}/partitions`, ({ body }) => {
      const found = body.items.map(({ spec }) => String(field(spec, 'selector.matchLabels.region'))).sort();
      return JSON.stringify(found) === JSON.stringify([...wanted].sort());
    });
  const [first] = items;
  if (first === undefined) throw new Error('there is no shard');
  const set = { apiVersion: 'topology.kcp.io/v1alpha1', kind: 'PartitionSet', metadata: { name: 'regions' } };
  await done(admin.post(`${topology}/partitionsets`, { ...set, spec: { dimensions: ['region'] } }));
  await admin.until(`${topology}/partitionsets/regions`, ({ body }) => field(body, 'status.count') === 0);
  await label(first.metadata.name, 'Euro.West');
  const { body } = await selectors(['Euro.West']);
  expect(body.items[0]?.metadata).toMatchObject({
    name: expect.stringMatching(/^regions-euro-west-[0-9a-f]{8}$/),
    ownerReferences: [expect.objectContaining({ kind: 'PartitionSet', name: 'regions', controller: true })],
  });
  const { body: known } = await admin.until(
    `${topology}/partitionsets/regions`,
    (answer) => field(answer.body, 'status.count') === 1,
  );
  expect(field(known, 'status.conditions.0.type')).toBe('Ready');
  await done(admin.delete(`${topology}/partitions/${body.items[0]?.metadata.name}`));
  await selectors(['Euro.West']);
  await label(first.metadata.name, 'asia');
  await selectors(['asia']);
  await label(first.metadata.name, null);
  await selectors([]);
  await label(first.metadata.name, 'asia');
  await selectors(['asia']);
  await done(admin.delete(`${topology}/partitionsets/regions`));
  await selectors([]);
});

it('a shard that a set excludes is in no partition, and names of partitions are cut to what a name may be', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'excluding');
  const topology = `${base(path)}/apis/topology.kcp.io/v1alpha1`;
  const shards = `${base('root')}/apis/core.kcp.io/v1alpha1/shards`;
  const [first] = (await server.shardAdmin.get<Partitions>(shards)).body.items;
  const label = (labels: Readonly<Record<string, string | null>>) =>
    done(server.shardAdmin.patch(`${shards}/${first?.metadata.name}`, { metadata: { labels } }));
  await label({ zone: 'z1', excluded: null });
  const set = { apiVersion: 'topology.kcp.io/v1alpha1', kind: 'PartitionSet', metadata: { name: 'p'.repeat(253) } };
  const matchExpressions = [{ key: 'excluded', operator: 'DoesNotExist' }];
  const spec = { dimensions: ['zone'], shardSelector: { matchExpressions } };
  await done(admin.post(`${topology}/partitionsets`, { ...set, spec }));
  const until = (count: number) =>
    admin.until<Partitions>(`${topology}/partitions`, ({ body }) => body.items.length === count);
  const [partition] = (await until(1)).body.items;
  expect(partition?.metadata.name).toMatch(/^p{244}-[0-9a-f]{8}$/);
  expect(partition?.spec.selector).toEqual({ matchLabels: { zone: 'z1' }, matchExpressions });
  await label({ excluded: 'true' });
  await until(0);
  await label({ excluded: null });
  await until(1);
  await label({ zone: null });
});

it('a workspace type says where those who prepare its workspaces find them, and is ready', async () => {
  const { path, cluster } = await makeWorkspace(admin, 'root', 'types');
  const type = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'WorkspaceType', metadata: { name: 'prepared' } };
  await done(admin.post(typesOf(path), { ...type, spec: { initializer: true } }));
  const { body } = await admin.until(
    `${typesOf(path)}/prepared`,
    (answer) => condition(answer.body, 'Ready') === 'True',
  );
  const found = field(body, 'status.virtualWorkspaces') as { type: string; url: string }[];
  expect(found.map((virtual) => `${virtual.type} ${new URL(virtual.url).pathname}`)).toEqual([
    `initializing /services/initializingworkspaces/${cluster}:prepared`,
    `terminating /services/terminatingworkspaces/${cluster}:prepared`,
  ]);
});
