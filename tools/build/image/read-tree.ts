/** Reads a folder into the entries of an image. */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './entry.ts';

/** Modes are made the same whatever the umask of the machine was. */
function modeOf(mode: number): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}

/** Files and links below `folder`, under `path`; of directories only what holds something. */
export async function readTree(
  folder: string,
  path: string,
  wanted: (path: string) => boolean = () => true,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const source = join(folder, name);
    const inner = path === '' ? name : `${path}/${name}`;
    const found = await lstat(source);
    if (found.isDirectory()) entries.push(...(await readTree(source, inner, wanted)));
    else if (!wanted(inner)) continue;
    else if (found.isSymbolicLink())
      entries.push({ kind: 'link', path: inner, mode: 0o777, target: await readlink(source) });
    else entries.push({ kind: 'file', path: inner, mode: modeOf(found.mode), content: await readFile(source) });
  }
  return entries;
}
