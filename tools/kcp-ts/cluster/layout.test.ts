import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { layoutPath, partsOf, planLayout, rootShardOf } from './layout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layout-'));
});
afterEach(() => rm(folder, { recursive: true }));

const wanted = (shards: number) => ({
  folder,
  shards,
  frontProxies: 1,
  cacheServers: 1,
  virtualWorkspaces: 1,
  standbys: true,
  securePort: 0,
});

async function shardsOf(count: number): Promise<{ readonly names: string[]; readonly root: string }> {
  const layout = await planLayout(wanted(count));
  return { names: partsOf(layout, 'shard').map(({ name }) => name), root: rootShardOf(layout) };
}

it('calls the shard that holds root so, and numbers the others', async () => {
  expect(await shardsOf(1)).toEqual({ names: ['root', 'root-standby'], root: 'root' });
  expect(await shardsOf(3)).toEqual({
    names: ['root', 'shard-1', 'shard-2', 'root-standby', 'shard-1-standby', 'shard-2-standby'],
    root: 'root',
  });
});

it('keeps the names that the shards of an earlier installation have', async () => {
  const parts = ['shard-1', 'shard-2'].map((name, index) => ({ name, kind: 'shard', port: index + 1, otherPort: 9 }));
  await writeFile(layoutPath(folder), JSON.stringify({ parts }));
  expect(await shardsOf(3)).toEqual({
    names: ['shard-1', 'shard-2', 'shard-3', 'shard-1-standby', 'shard-2-standby', 'shard-3-standby'],
    root: 'shard-1',
  });
});
