/** Credentials as files: a folder for each, readable by their owner alone. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { CredentialStore } from './credential-store.ts';

export function createFolderStore(folder: string): CredentialStore {
  return {
    async read(name) {
      const names = await readdir(join(folder, name)).catch((): readonly string[] => []);
      const files = names.filter((file) => !file.endsWith('.new')).sort();
      if (files.length === 0) return undefined;
      const texts = files.map(async (file) => [file, (await readFileIfThere(join(folder, name, file))) ?? ''] as const);
      return Object.fromEntries(await Promise.all(texts));
    },
    async write(name, data) {
      for (const [file, text] of Object.entries(data)) await writePrivateFile(join(folder, name, file), text);
    },
  };
}
