import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newFormatFile, readFormatFile, writeFormatFile } from './format-file.ts';

it('a file that says the same is not written again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-format-'));
  try {
    const file = async () => (await stat(join(folder, 'kcp-ts.json'))).ino;
    const content = newFormatFile('shard', 'an-id', 'root');
    await writeFormatFile(folder, content);
    const first = await file();
    await writeFormatFile(folder, content);
    expect(await file()).toBe(first);
    const changed = { ...content, stores: { data: null } };
    await writeFormatFile(folder, changed);
    expect(await file()).not.toBe(first);
    expect(await readFormatFile(folder)).toEqual(changed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
