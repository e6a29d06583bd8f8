/**
 * One layer of an image: a tar archive of entries, compressed. The same entries give the same
 * bytes, on any machine and at any time.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Header } from 'tar';
import type { Entry } from './entry.ts';

const compress = promisify(gzip);
const blockBytes = 512;

export interface Layer {
  /** What is stored: `sha256:` and hexadecimal. */
  readonly digest: string;
  /** Of the archive before it was compressed. */
  readonly diffId: string;
  readonly compressed: Uint8Array;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const types = { file: 'File', directory: 'Directory', link: 'SymbolicLink' } as const;

/** @throws For a path that a header of ustar cannot hold: nothing here needs more. */
function headerOf(entry: Entry, mtime: Date): Buffer {
  const header = new Header({
    path: entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    mode: entry.mode,
    uid: entry.uid ?? 0,
    gid: entry.uid ?? 0,
    size: entry.kind === 'file' ? entry.content.length : 0,
    mtime,
    type: types[entry.kind],
    ...(entry.kind === 'link' ? { linkpath: entry.target } : {}),
  });
  if (header.encode()) throw new Error(`${entry.path} is too long a path for an image`);
  return header.block as Buffer;
}

function archiveOf(entries: readonly Entry[], mtime: Date): Buffer {
  const parts = entries.flatMap((entry) => {
    const header = headerOf(entry, mtime);
    if (entry.kind !== 'file') return [header];
    const padding = (blockBytes - (entry.content.length % blockBytes)) % blockBytes;
    return [header, entry.content, Buffer.alloc(padding)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

/** `mtime`: of all files. */
export async function makeLayer(entries: readonly Entry[], mtime: Date): Promise<Layer> {
  const archive = archiveOf(entries, mtime);
  const compressed = await compress(archive, { level: 9 });
  return { digest: digestOf(compressed), diffId: digestOf(archive), compressed };
}
