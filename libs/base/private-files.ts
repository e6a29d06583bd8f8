import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a file takes of a disk is a multiple of this. */
const blockBytes = 4_096;

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * Over what is there, which takes no more of the disk. False where it would, or there is nothing.
 */
async function overwrite(path: string, content: Buffer): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r+');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (content.length > Math.ceil(size / blockBytes) * blockBytes) return false;
    await file.write(content, 0, content.length, 0);
    await file.truncate(content.length);
    await file.sync();
    return true;
  } finally {
    await file.close();
  }
}

/**
 * Puts a file in place as a whole, readable by its owner only; a reader meanwhile sees the old
 * one or the new one. On a disk without space it is written over the old one, if it is no larger:
 * then a reader meanwhile may see neither.
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeFile(draft, content, { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (!hasCode(error, 'ENOSPC', 'EDQUOT') || !(await overwrite(path, Buffer.from(content)))) throw error;
  }
}

/** The file's text; undefined when there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
