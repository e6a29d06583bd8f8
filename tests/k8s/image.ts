/** The files of our image, made once for all tests of a run. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { root } from '@kcp-ts/build';
import type { ImageFiles } from './kubernetes.ts';

const run = promisify(execFile);

/** Writes them to `folder`. What apt no longer has is taken in its newest version. */
export async function buildImage(folder: string): Promise<void> {
  const main = join(root, 'tools/build/image/main.ts');
  const make = (...flags: readonly string[]) =>
    run(process.execPath, [main, '--rootfs', folder, ...flags], { cwd: root });
  await make().catch(async (error: { readonly stderr?: string }) => {
    if (!/was not found|Unable to fetch|404/.test(error.stderr ?? '')) throw error;
    await make('--newest-base');
  });
}

/** As `tools/build/image/run-config.ts` says that it starts. */
export function imageFiles(folder: string): ImageFiles {
  return {
    root: folder,
    entrypoint: [
      '/usr/bin/node',
      '--disable-proto=delete',
      '--disable-sigusr1',
      '--max-semi-space-size=8',
      '/app/dist/kcp-ts.js',
    ],
    environment: { PATH: '/usr/bin', HOME: '/tmp', KCP_ROOT_DIRECTORY: '/var/lib/kcp-ts', MALLOC_ARENA_MAX: '1' },
  };
}
