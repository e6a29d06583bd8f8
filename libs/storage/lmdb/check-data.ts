/**
 * Whether the file of an embedded store can be opened at all. LMDB maps it into memory and believes
 * it: a file that was cut off, overwritten or is none of its own ends the process with SIGSEGV or
 * SIGBUS, without a word. So its head is looked at first, and where anything but a clean end of
 * this program touched it last, another process walks all of its keys: what ends that one does not
 * end this one.
 */
import { spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** When a file was last written by us: enough to see that somebody else has touched it since. */
export interface FileStamp {
  readonly bytes: number;
  readonly modifiedMs: number;
}

/**
 * As LMDB of the data version 2 lays out the first two pages, `mdb.c`: a page header, then
 * MDB_meta.
 */
const layout = { magic: 0x18, version: 0x1c, pageSize: 0x30, lastPage: 0x90, transaction: 0x98, end: 0xa0 } as const;
const magic = 0xbeefc0de;
const knownVersion = 2;

/**
 * Walks a store's keys; ends with 0 where all can be read. Beside this file, as source or as what
 * `make build` made of it.
 */
const walker = new URL(
  import.meta.url.endsWith('.ts') ? 'check-data-process.ts' : 'check-data-process.js',
  import.meta.url,
);

function dataFile(folder: string): string {
  return join(folder, 'data.mdb');
}

/** Undefined where there is no file. */
export async function stampOfData(folder: string): Promise<FileStamp | undefined> {
  const found = await stat(dataFile(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found === undefined ? undefined : { bytes: found.size, modifiedMs: found.mtimeMs };
}

interface Head {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: bigint;
}

function readHead(page: Buffer): Head | string {
  if (page.length < layout.end) return 'it is cut off';
  if (page.readUInt32LE(layout.magic) !== magic) return 'it is not a file of LMDB';
  const version = page.readUInt32LE(layout.version);
  if (version !== knownVersion) return `it has LMDB's data version ${version}, and this program reads ${knownVersion}`;
  return {
    pageSize: page.readUInt32LE(layout.pageSize),
    lastPage: Number(page.readBigUInt64LE(layout.lastPage)),
    transaction: page.readBigUInt64LE(layout.transaction),
  };
}

/** Why the file cannot be one that LMDB can open; undefined where its head is good. */
async function faultOfHead(path: string, bytes: number): Promise<string | undefined> {
  if (bytes === 0) return 'it is empty';
  await using file = await open(path, 'r');
  const page = Buffer.alloc(layout.end);
  const first = await file.read(page, 0, page.length, 0);
  const head = readHead(page.subarray(0, first.bytesRead));
  if (typeof head === 'string') return head;
  const second = await file.read(page, 0, page.length, head.pageSize);
  const other = readHead(page.subarray(0, second.bytesRead));
  if (typeof other === 'string') return other;
  const newest = other.transaction > head.transaction ? other : head;
  const needed = (newest.lastPage + 1) * newest.pageSize;
  return bytes < needed ? `it has ${bytes} bytes, and its last commit needs ${needed}` : undefined;
}

function walkKeys(folder: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [walker.pathname, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(0, 1_000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? said.trim() : `reading it ended with ${signal}`);
    });
  });
}

/**
 * Why the data in a folder cannot be used, for a person; undefined where it can, or where there is
 * none. `clean`: the stamp that was taken at the last clean end; a file that still bears it is not
 * walked.
 */
export async function faultOfData(folder: string, clean: FileStamp | undefined): Promise<string | undefined> {
  const stamp = await stampOfData(folder);
  if (stamp === undefined) return undefined;
  const fault = await faultOfHead(dataFile(folder), stamp.bytes);
  if (fault !== undefined) return fault;
  if (stamp.bytes === clean?.bytes && stamp.modifiedMs === clean.modifiedMs) return undefined;
  return walkKeys(folder);
}
