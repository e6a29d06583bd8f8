/** How programs are made in one piece, each with its libraries. */
import { join, resolve } from 'node:path';
import type { OutputAsset, OutputChunk } from 'rolldown';
import { rolldown } from 'rolldown';
import { readBuildInfo } from './build-info.ts';

/** The root of the checkout. */
export const root = resolve(import.meta.dirname, '../..');

/** Packages that stay beside the programs: they have a part in machine code. */
export const externalPackages = ['lmdb'];

/**
 * A source with a single other character is kept with two bytes for each. All that is said with one
 * may be said with an escape.
 */
function escapeToAscii(made: OutputChunk | OutputAsset): void {
  if (made.type !== 'chunk') return;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what ASCII begins with
  made.code = made.code.replaceAll(/[^\x00-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Writes `<folder>/<name>.js` for each of the programs in tools/, and the chunks that they share.
 * The same sources give the same bytes.
 */
export async function buildPrograms(programs: readonly string[], folder: string): Promise<void> {
  const build = await rolldown({
    input: {
      ...Object.fromEntries(programs.map((name) => [name, join(root, 'tools', name, 'main.ts')])),
      // The code of a thread or of another process is a file of its own, beside the chunk that
      // starts it.
      'yaml-thread': join(root, 'libs/http/decode/yaml-thread.ts'),
      'check-data-process': join(root, 'libs/storage/lmdb/check-data-process.ts'),
    },
    platform: 'node',
    transform: { define: { kcpTsBuildInfo: JSON.stringify(readBuildInfo(root)) } },
    external: externalPackages,
    // A warning by default: the program would end when it came to that import.
    onLog(level, log, handle) {
      handle(log.code === 'UNRESOLVED_IMPORT' ? 'error' : level, log);
    },
    plugins: [{ name: 'ascii', generateBundle: (_options, bundle) => Object.values(bundle).forEach(escapeToAscii) }],
  });
  await build.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: 'chunks-[name]-[hash].js',
    // Names stay, so that traces and profiles say what they mean.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  });
  await build.close();
}
