/** kill -9 in the middle of a burst of writes, then a restart on the same folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '@kcp-ts/meta';
import { expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { spawnServer } from '../harness/server.ts';
import { faultRounds } from './config.ts';

const path = '/clusters/root/api/v1/namespaces/default/configmaps';
const writers = 16;

interface List extends KubeObject {
  items: KubeObject[];
}

/** Creates and updates until the server is gone; gives what was acknowledged: the last value of each name. */
async function write(
  client: ApiClient,
  writer: number,
  acknowledged: Map<string, { value: string; resourceVersion: string }>,
  enough: () => void,
): Promise<void> {
  for (let i = 0; ; i++) {
    const name = `w${writer}-${Math.floor(i / 2)}`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: String(i) } };
    try {
      const answer = i % 2 === 0 ? await client.post(path, body) : await client.put(`${path}/${name}`, body);
      if (answer.status >= 300) return;
      acknowledged.set(name, { value: String(i), resourceVersion: answer.body.metadata.resourceVersion ?? '' });
      enough();
    } catch {
      return;
    }
  }
}

/** Runs a server until so many writes were acknowledged, and kills it in the middle of more. */
async function burst(
  folder: string,
  count: number,
): Promise<{ acknowledged: Map<string, { value: string; resourceVersion: string }>; before: string }> {
  await using server = await spawnServer({ folder });
  const first = await server.admin.get<List>(`${path}?limit=1`);
  const acknowledged = new Map<string, { value: string; resourceVersion: string }>();
  let seen = 0;
  let kill: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    kill = resolve;
  });
  const working = Array.from({ length: writers }, (_, writer) =>
    write(server.admin, writer, acknowledged, () => void (++seen === count && kill())),
  );
  await reached;
  await server.kill();
  await Promise.race([Promise.all(working), new Promise((resolve) => setTimeout(resolve, 500))]);
  return { acknowledged: new Map(acknowledged), before: String(first.body.metadata.resourceVersion) };
}

it('every acknowledged write is there after kill -9, and a watch resumes with nothing lost and nothing twice', async () => {
  for (let round = 1; round <= faultRounds; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-fault-'));
    try {
      const { acknowledged, before } = await burst(folder, 300 * round);
      await using server = await spawnServer({ folder });
      const { body } = await server.admin.get<List>(path);
      const stored = new Map(body.items.map((item) => [item.metadata.name, item]));
      for (const [name, { value, resourceVersion }] of acknowledged) {
        const item = stored.get(name);
        expect(item, name).toBeDefined();
        // The kill may have come between a write's commit and its answer: newer than acknowledged is right, older never.
        expect(BigInt(item?.metadata.resourceVersion ?? '0')).toBeGreaterThanOrEqual(BigInt(resourceVersion));
        expect(Number((item?.['data'] as { value: string } | undefined)?.value)).toBeGreaterThanOrEqual(Number(value));
      }
      await watchFrom(server.admin, before, stored);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}, 120_000);

/** Replays history from before the burst: each revision once, in order, ending in what is stored. */
async function watchFrom(
  client: ApiClient,
  resourceVersion: string,
  stored: ReadonlyMap<string, KubeObject>,
): Promise<void> {
  const seen = new Map<string, string>();
  let last = BigInt(resourceVersion);
  const stop = new AbortController();
  for await (const event of client.watch(
    `${path}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=5`,
    stop.signal,
  )) {
    const { name } = event.object.metadata;
    const version = BigInt(event.object.metadata.resourceVersion ?? '0');
    expect(version).toBeGreaterThan(last);
    last = version;
    expect(event.type).toBe(seen.has(name) ? 'MODIFIED' : 'ADDED');
    seen.set(name, String(version));
    const all = [...stored.values()].filter((item) => item.metadata.name.startsWith('w'));
    if (all.every((item) => seen.get(item.metadata.name) === item.metadata.resourceVersion)) stop.abort();
  }
  for (const item of stored.values())
    if (item.metadata.name.startsWith('w')) expect(seen.get(item.metadata.name)).toBe(item.metadata.resourceVersion);
}

it('the deletion of a tree of workspaces goes on after kill -9', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-fault-'));
  const workspaces = (parent: string) => `/clusters/${parent}/apis/tenancy.kcp.io/v1alpha1/workspaces`;
  const workspace = (name: string, type: string) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
    spec: { type: { name: type, path: 'root' } },
  });
  try {
    {
      await using server = await spawnServer({ folder });
      expect((await server.admin.post(workspaces('root'), workspace('org', 'organization'))).status).toBe(201);
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          server.admin.post(workspaces('root:org'), workspace(`w${i}`, 'universal')),
        ),
      );
      expect((await server.admin.delete(`${workspaces('root')}/org`)).status).toBe(200);
      await server.kill();
    }
    await using server = await spawnServer({ folder });
    await server.admin.until(`${workspaces('root')}/org`, ({ status }) => status === 404);
    const left = await server.shardAdmin.get<List>('/clusters/*/apis/core.kcp.io/v1alpha1/logicalclusters');
    expect(left.body.items.map((item) => item.metadata.annotations?.['kcp.io/path'])).toEqual(['root']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
