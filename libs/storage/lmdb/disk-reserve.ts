/**
 * Room on the disk that is kept for deletions: a file of some megabytes beside the data. When the
 * disk is full it is given up, so that what frees room can still be committed, and nothing that
 * needs more is taken until there is enough for it again. (LMDB writes new pages before it frees
 * old ones, so a deletion on a disk without any room fails like everything else.) What does not fit
 * is never tried: a write of several pages that fails half-way has been seen to corrupt the memory
 * of the process in LMDB's own code.
 */
import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';

export interface DiskReserve {
  /**
   * Whether nothing that takes room may be written now. Looks at the disk at most once a second, in
   * the background.
   */
  isFull(): boolean;
  /**
   * Whether so many bytes may be written now. Where they do not fit, the reserve is given up for
   * those that come after and do not `grow`.
   */
  admit(bytes: number, grows: boolean): boolean | Promise<boolean>;
}

const reserveBytes = 8_000_000;
/** Beside the reserve itself, before more is taken again. */
const freeBytes = 8_000_000;
/**
 * What is left free of the disk by every write: others write too, and file systems need some
 * themselves.
 */
const marginBytes = 1_000_000;
const marginWhenFullBytes = 200_000;
/** With more than this the disk is looked at only once a second. */
const plentyBytes = 64_000_000;
const lookMs = 1_000;
const pieceBytes = 1_000_000;
const noRoom = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Resolves when the reserve is there, or it is known that there is no room for it. `folder`: of the
 * data.
 */
export async function openDiskReserve(folder: string, clock: Pick<Clock, 'monotonic'>): Promise<DiskReserve> {
  const path = join(folder, 'reserve');
  let full = false;
  let looking = false;
  let available = 0;
  let measuredMs = 0;

  async function measure(): Promise<number> {
    const { bavail, bsize } = await statfs(folder);
    available = bavail * bsize;
    measuredMs = clock.monotonic();
    return available;
  }

  /** False where there is no room for it. */
  async function take(): Promise<boolean> {
    const there = await stat(path).catch(() => undefined);
    if (there?.size === reserveBytes) return true;
    try {
      await using file = await open(path, 'w', 0o600);
      const piece = Buffer.alloc(pieceBytes);
      for (let at = 0; at < reserveBytes; at += pieceBytes) await file.write(piece, 0, pieceBytes, at);
      if ((await file.stat()).size === reserveBytes) return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && noRoom.has(error.code))) throw error;
    }
    await rm(path, { force: true });
    return false;
  }

  async function look(): Promise<void> {
    if ((await measure()) < reserveBytes + freeBytes) return;
    if (await take()) full = false;
  }

  async function admitNearTheEnd(bytes: number, grows: boolean): Promise<boolean> {
    if ((await measure()) - bytes >= marginBytes) {
      available -= bytes;
      return !(full && grows);
    }
    if (!full) {
      full = true;
      await rm(path, { force: true });
      await measure();
    }
    available -= bytes;
    return !grows && available >= marginWhenFullBytes;
  }

  await measure();
  full = !(await take());
  return {
    isFull() {
      if (!full) return false;
      if (!looking && clock.monotonic() - measuredMs >= lookMs) {
        looking = true;
        // What cannot be found out now is looked for again.
        void look()
          .catch(() => undefined)
          .then(() => {
            looking = false;
          });
      }
      return true;
    },
    admit(bytes, grows) {
      if (full || available - bytes < plentyBytes || clock.monotonic() - measuredMs >= lookMs)
        return admitNearTheEnd(bytes, grows);
      available -= bytes;
      return true;
    },
  };
}
