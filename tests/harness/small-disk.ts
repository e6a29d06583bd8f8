/**
 * A disk of a test's own that can be filled: a small file system in memory, where this machine lets
 * us mount one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes what is left of it. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

const run = promisify(execFile);
const pieceBytes = 64 * 1024;

/** Why there can be none here; undefined where there can. */
export function missingSmallDisk(): string | undefined {
  return process.platform === 'linux' && process.getuid?.() === 0
    ? undefined
    : 'only root on Linux may mount a small file system';
}

/** Rejects where mounting is not allowed, to root either. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'kcp-ts-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]);
  } catch (error) {
    await rmdir(path);
    throw error;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    async fill() {
      const file = await open(ballast, 'a');
      try {
        // Whole pieces first, then what a page is: until nothing at all fits.
        for (const bytes of [pieceBytes, 4096, 1]) {
          const piece = Buffer.alloc(bytes, 1);
          while (
            await file.write(piece).then(
              ({ bytesWritten }) => bytesWritten === bytes,
              () => false,
            )
          );
        }
      } finally {
        await file.close();
      }
    },
    free: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', path]);
      await rmdir(path);
    },
  };
}
