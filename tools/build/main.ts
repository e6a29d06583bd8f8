/**
 * Makes dist/: each program in one piece, with its libraries. It starts in a fraction of the time
 * that its sources take, and in less memory: nothing is stripped of types, and a hundred modules
 * weigh more than one. `bin/launch` takes what is here while no source is newer.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSystemClock } from '@kcp-ts/base';
import { buildPrograms, root } from './build-programs.ts';

const folder = join(root, 'dist');
/** A program that runs may still load a chunk of the build before. */
const keptMs = 24 * 3_600_000;

async function removeOld(): Promise<void> {
  const now = createSystemClock().now();
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name));
    if (now - mtimeMs > keptMs) await rm(join(folder, name));
  }
}

await mkdir(folder, { recursive: true });
await removeOld();
await buildPrograms(['kcp-ts', 'kubectl-create-workspace', 'kubectl-kcp', 'kubectl-ws'], folder);
