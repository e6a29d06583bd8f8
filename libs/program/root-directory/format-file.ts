/**
 * What a root directory says of itself, so that data is not taken for something else's, or for
 * nothing: `kcp-ts.json` in it.
 */
import { join } from 'node:path';
import { readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { FileStamp } from '@kcp-ts/storage';
import { UnusableDirectory } from './unusable-directory.ts';

export type DirectoryKind = 'shard' | 'cache-server' | 'cluster';

/** Counts up when a newer program writes data that an older one must not read. */
const formatVersion = 1;

export interface FormatFile {
  readonly format: number;
  readonly kind: DirectoryKind;
  /** A UUID, drawn when the folder was first used. */
  readonly installation: string;
  /** '' for what is not a shard. */
  readonly shard: string;
  /**
   * Stores that have been made here, by folder; of each what its file was at the last clean end,
   * unless it is in use.
   */
  readonly stores: Readonly<Record<string, FileStamp | null>>;
}

function pathOf(folder: string): string {
  return join(folder, 'kcp-ts.json');
}

function isFormatFile(value: unknown): value is FormatFile {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, installation, shard, stores } = value as Partial<FormatFile>;
  return [kind, installation, shard].every((each) => typeof each === 'string') && typeof stores === 'object';
}

/**
 * Undefined where there is none. Throws UnusableDirectory for what a newer program wrote, and for
 * what nobody can read.
 */
export async function readFormatFile(folder: string): Promise<FormatFile | undefined> {
  const path = pathOf(folder);
  const text = await readFileIfThere(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { format } = (value ?? {}) as Partial<FormatFile>;
  if (typeof format === 'number' && format > formatVersion)
    throw new UnusableDirectory(
      `${folder} was written by a newer version (format ${format}, and this program reads up to ${formatVersion}): start that version`,
    );
  if (format !== formatVersion || !isFormatFile(value))
    throw new UnusableDirectory(
      `${path} cannot be read: restore it from a backup, with the rest of the folder; without it, it is not known what the data is`,
    );
  return value;
}

export function newFormatFile(kind: DirectoryKind, installation: string, shard: string): FormatFile {
  return { format: formatVersion, kind, installation, shard, stores: {} };
}

/** Leaves a file that says the same as it is. */
export async function writeFormatFile(folder: string, content: FormatFile): Promise<void> {
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  if ((await readFileIfThere(pathOf(folder))) !== text) await writePrivateFile(pathOf(folder), text);
}
