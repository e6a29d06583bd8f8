/**
 * One process at a time in a folder, for as long as it runs. The lock is the file system's own
 * (fcntl, through SQLite, which comes with Node): the kernel gives it back with the process,
 * however that ends, and it also holds between containers that share the folder, where process ids
 * mean nothing.
 */
import { access, constants } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import { UnusableDirectory } from './unusable-directory.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** As a person would call it: `the shard "root"`. */
  readonly what: string;
  /** RFC 3339. */
  readonly since: string;
}

async function describeHolder(path: string): Promise<string> {
  try {
    const { pid, host, what, since } = JSON.parse((await readFileIfThere(path)) ?? '') as Holder;
    return `${what} (process ${pid} on ${host}, since ${since})`;
  } catch {
    return 'another process';
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** SQLite says that it cannot open a file, and not why. */
async function whyNotOpened(folder: string, path: string, error: unknown): Promise<string> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    await access(path, constants.R_OK | constants.W_OK);
    return reasonOf(error);
  } catch (denied) {
    return reasonOf(denied);
  }
}

async function openLock(folder: string, path: string): Promise<DatabaseSync> {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw new UnusableDirectory(`${path} cannot be opened: ${await whyNotOpened(folder, path, error)}`);
  }
}

/** SQLITE_BUSY: somebody else has the lock. */
const busy = 5;

/** Extended codes have the one that they belong to in their last byte. */
function isBusy(error: unknown): boolean {
  const { errcode = 0 } = error as { readonly errcode?: number };
  return (errcode & 0xff) === busy;
}

/** Throws UnusableDirectory, with who it is, where somebody else has the folder. */
export async function lockFolder(folder: string, what: string, nowMs: number): Promise<Disposable> {
  const holderPath = join(folder, 'lock.json');
  const path = join(folder, 'lock');
  const database = await openLock(folder, path);
  try {
    // Nothing is ever written to it.
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw new UnusableDirectory(`${path} cannot be locked: ${reasonOf(error)}`);
    throw new UnusableDirectory(
      `${folder} is in use by ${await describeHolder(holderPath)}: end that one first, or choose another folder with --root-directory`,
    );
  }
  const holder: Holder = { pid: process.pid, host: hostname(), what, since: new Date(nowMs).toISOString() };
  try {
    await writePrivateFile(holderPath, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
