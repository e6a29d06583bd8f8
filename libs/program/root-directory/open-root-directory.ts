/**
 * A service's root directory, before anything in it is used: nobody else uses it, it is of this
 * kind of service and of this shard, no newer version wrote it, and its data is there and whole.
 * What is wrong is said before anything is changed: a store that is missing or damaged must not
 * become a new, empty one.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@kcp-ts/base';
import { readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { FileStamp } from '@kcp-ts/storage';
import { faultOfData, stampOfData } from '@kcp-ts/storage';
import { lockFolder } from './folder-lock.ts';
import type { DirectoryKind, FormatFile } from './format-file.ts';
import { newFormatFile, readFormatFile, writeFormatFile } from './format-file.ts';
import { makeFolder } from './make-folder.ts';
import { UnusableDirectory } from './unusable-directory.ts';

export interface RootDirectoryOptions {
  readonly path: string;
  readonly kind: DirectoryKind;
  /** '' for what is not a shard. */
  readonly shard: string;
  /** Folders in it with embedded stores that this process is going to open. */
  readonly stores: readonly StoreFolder[];
  /**
   * Folders in it whose data this process would not use: where there is some, the flags are wrong.
   */
  readonly unused?: readonly UnusedFolder[] | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'uuid'>;
  /** Called for a copy that is made again. */
  readonly onRemoved?: ((folder: string, fault: string) => void) | undefined;
}

export interface StoreFolder {
  readonly folder: string;
  /**
   * For copies of data that other shards have: where it is damaged it is removed, and made again.
   */
  readonly copy: boolean;
}

export interface UnusedFolder {
  readonly folder: string;
  /** What the data is, and what to do: ends the sentence that refuses the start. */
  readonly reason: string;
}

interface RootDirectory extends AsyncDisposable {
  /** Notes the stores that have been made: from now on the folder must have them. */
  noteStores(): Promise<void>;
}

const kindNames: Readonly<Record<DirectoryKind, string>> = {
  shard: 'a shard',
  'cache-server': 'a cache-server',
  cluster: 'kcp-ts cluster',
};

function whatOf({ kind, shard }: Pick<RootDirectoryOptions, 'kind' | 'shard'>): string {
  return kind === 'shard' ? `the shard ${JSON.stringify(shard)}` : kindNames[kind];
}

function checkOwner({ path, kind, shard }: RootDirectoryOptions, found: FormatFile): void {
  if (found.kind !== kind)
    throw new UnusableDirectory(
      `${path} is the folder of ${kindNames[found.kind]}, not of ${kindNames[kind]}: choose another one with --root-directory`,
    );
  if (found.shard !== shard)
    throw new UnusableDirectory(
      `${path} holds the data of the shard ${JSON.stringify(found.shard)}, and --shard-name says ${JSON.stringify(shard)}: a shard keeps its name`,
    );
}

/**
 * The installation that a store belongs to, kept in its folder, so that it goes where the data
 * goes.
 */
function installationPath(path: string, { folder }: StoreFolder): string {
  return join(path, folder, 'installation');
}

async function checkInstallation(
  { path }: RootDirectoryOptions,
  store: StoreFolder,
  format: FormatFile | undefined,
): Promise<void> {
  const installation = (await readFileIfThere(installationPath(path, store)))?.trim();
  // The data of earlier versions does not say what it belongs to.
  if (installation === undefined || installation === format?.installation) return;
  const full = join(path, store.folder);
  throw new UnusableDirectory(
    format === undefined
      ? `${full} has data, and kcp-ts.json beside it is gone: restore both from the same backup`
      : `${full} has data of another installation than kcp-ts.json beside it: restore both from the same backup`,
  );
}

async function checkUnused({ path, unused = [] }: RootDirectoryOptions): Promise<void> {
  for (const { folder, reason } of unused)
    if ((await stampOfData(join(path, folder))) !== undefined)
      throw new UnusableDirectory(`${join(path, folder)} has ${reason}`);
}

async function checkStore(
  options: RootDirectoryOptions,
  store: StoreFolder,
  format: FormatFile | undefined,
): Promise<void> {
  const { path, onRemoved } = options;
  const { folder, copy } = store;
  const full = join(path, folder);
  const known = format?.stores[folder];
  const missing = (await stampOfData(full)) === undefined;
  if (missing && known !== undefined && !copy)
    throw new UnusableDirectory(
      `${full} has no data any more, and kcp-ts.json beside it says that it had: restore it from a backup, or remove the whole folder ${path} to begin with nothing`,
    );
  if (!missing && !copy) await checkInstallation(options, store, format);
  const fault = await faultOfData(full, known ?? undefined);
  if (fault === undefined) return;
  if (!copy) throw new UnusableDirectory(`${join(full, 'data.mdb')} is damaged: ${fault}. Restore it from a backup`);
  await rm(full, { recursive: true, force: true });
  onRemoved?.(full, fault);
}

/**
 * The stores that have data now: those that have none were never opened, and are not to be missed.
 */
async function storesWithData({ path, stores }: RootDirectoryOptions): Promise<(readonly [StoreFolder, FileStamp])[]> {
  const stamps = await Promise.all(
    stores.map(async (store) => [store, await stampOfData(join(path, store.folder))] as const),
  );
  return stamps.flatMap(([store, stamp]) => (stamp === undefined ? [] : [[store, stamp] as const]));
}

/**
 * Throws UnusableDirectory, for a person, and then has changed nothing but that the folder is
 * there. Disposed when the stores are closed.
 */
async function openRootDirectory(options: RootDirectoryOptions): Promise<RootDirectory> {
  const { path, kind, shard, stores, clock, random } = options;
  await makeFolder(path).catch((error: Error) => {
    throw new UnusableDirectory(`${path} cannot be made for --root-directory: ${error.message}`);
  });
  const lock = await lockFolder(path, whatOf(options), clock.now());
  try {
    const found = await readFormatFile(path);
    if (found !== undefined) checkOwner(options, found);
    await checkUnused(options);
    for (const store of stores) await checkStore(options, store, found);
    const format = found ?? newFormatFile(kind, random.uuid(), shard);
    let known = format.stores;
    const write = async (more: FormatFile['stores']) => {
      known = { ...known, ...more };
      await writeFormatFile(path, { ...format, stores: known });
    };
    const noteStores = async () => {
      const there = await storesWithData(options);
      await write(Object.fromEntries(there.map(([{ folder }]) => [folder, null])));
      for (const [store] of there) {
        const file = installationPath(path, store);
        if (store.copy || (await readFileIfThere(file)) !== undefined) continue;
        // A full disk does not keep a shard from serving: a later start writes it.
        await writePrivateFile(file, `${format.installation}\n`).catch(() => undefined);
      }
    };
    await noteStores();
    return {
      noteStores,
      async [Symbol.asyncDispose]() {
        const there = await storesWithData(options);
        await write(Object.fromEntries(there.map(([{ folder }, stamp]) => [folder, stamp])));
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Starts something that has the directory until it is disposed. */
export async function startInRootDirectory<Running extends AsyncDisposable>(
  options: RootDirectoryOptions,
  start: () => Promise<Running>,
): Promise<Running> {
  const directory = await openRootDirectory(options);
  try {
    const running = await start();
    await directory.noteStores();
    return {
      ...running,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}
