/**
 * A service's root directory, before anything in it is used: nobody else uses it, it is of this kind of service and of this shard, no newer version wrote it, and
 * its data is there and whole. What is wrong is said before anything is changed: a store that is missing or damaged must not become a new, empty one.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@kcp-ts/base';
import { faultOfData, markOfData } from '@kcp-ts/storage';
import { lockFolder } from './folder-lock.ts';
import type { DirectoryKind, FormatFile } from './format-file.ts';
import { newFormatFile, readFormatFile, writeFormatFile } from './format-file.ts';
import { UnusableDirectory } from './unusable-directory.ts';

export interface RootDirectoryOptions {
  readonly path: string;
  readonly kind: DirectoryKind;
  /** '' for what is not a shard. */
  readonly shard: string;
  /** Folders in it with embedded stores that this process is going to open. */
  readonly stores: readonly StoreFolder[];
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'uuid'>;
  /** Told of a copy that is made anew. */
  readonly onRemoved?: ((folder: string, fault: string) => void) | undefined;
}

export interface StoreFolder {
  readonly folder: string;
  /** Of data that is safe elsewhere: where it is damaged it is removed, and made anew. */
  readonly copy: boolean;
}

interface RootDirectory extends AsyncDisposable {
  /** A UUID, drawn when the folder was first used. */
  readonly installation: string;
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

async function checkStore(
  { path, onRemoved }: RootDirectoryOptions,
  { folder, copy }: StoreFolder,
  format: FormatFile | undefined,
): Promise<void> {
  const full = join(path, folder);
  const known = format?.stores[folder];
  const missing = (await markOfData(full)) === undefined;
  if (missing && known !== undefined && !copy)
    throw new UnusableDirectory(
      `${full} has no data any more, and kcp-ts.json beside it says that it had: restore it from a backup, or remove the whole folder ${path} to begin with nothing`,
    );
  const fault = await faultOfData(full, known ?? undefined);
  if (fault === undefined) return;
  if (!copy) throw new UnusableDirectory(`${join(full, 'data.mdb')} is damaged: ${fault}. Restore it from a backup`);
  await rm(full, { recursive: true, force: true });
  onRemoved?.(full, fault);
}

/** Throws UnusableDirectory, for a person, and then has changed nothing but that the folder is there. Disposed when the stores are closed. */
async function openRootDirectory(options: RootDirectoryOptions): Promise<RootDirectory> {
  const { path, kind, shard, stores, clock, random } = options;
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(path, whatOf(options), clock.now());
  try {
    const found = await readFormatFile(path);
    if (found !== undefined) checkOwner(options, found);
    for (const store of stores) await checkStore(options, store, found);
    const format = found ?? newFormatFile(kind, random.uuid(), shard);
    const inUse = { ...format.stores, ...Object.fromEntries(stores.map(({ folder }) => [folder, null])) };
    await writeFormatFile(path, { ...format, stores: inUse });
    return {
      installation: format.installation,
      async [Symbol.asyncDispose]() {
        const marks = await Promise.all(
          stores.map(async ({ folder }) => [folder, (await markOfData(join(path, folder))) ?? null] as const),
        );
        await writeFormatFile(path, { ...format, stores: { ...inUse, ...Object.fromEntries(marks) } });
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
