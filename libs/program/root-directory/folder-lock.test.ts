import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('one has the folder until it lets go, and another one is told who', async () => {
  {
    using _lock = await lockFolder(folder, 'the shard "root"', 0);
    const who = `the shard "root" (process ${process.pid} on `;
    await expect(lockFolder(folder, 'another', 0)).rejects.toThrow(`${folder} is in use by ${who}`);
  }
  using _again = await lockFolder(folder, 'another', 0);
});

it('a lock that cannot be locked is not taken for one that somebody has', async () => {
  await writeFile(join(folder, 'lock'), 'no database at all '.repeat(100));
  await expect(lockFolder(folder, 'the shard "root"', 0)).rejects.toThrow(
    `${join(folder, 'lock')} cannot be locked: file is not a database`,
  );
});

it('a folder that cannot be entered is named with the reason', async () => {
  const gone = join(folder, 'gone');
  await expect(lockFolder(gone, 'the shard "root"', 0)).rejects.toThrow(
    `${join(gone, 'lock')} cannot be opened: ENOENT: no such file or directory, access '${gone}'`,
  );
  await mkdir(join(folder, 'lock'));
  await expect(lockFolder(folder, 'the shard "root"', 0)).rejects.toThrow('lock cannot be opened: unable to open');
});
