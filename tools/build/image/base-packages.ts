/**
 * The libraries of Debian that Node is linked with. Each package is named in
 * `deploy/image/base-packages.json` with its version and digest, so that the same commit gives the
 * same image; apt fetches them for any architecture, without root and without touching the
 * machine's own state.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Architecture, Entry } from './entry.ts';
import { architectures } from './entry.ts';
import { readTree } from './read-tree.ts';

const run = promisify(execFile);

export interface BasePackage {
  readonly name: string;
  readonly version: string;
  /** Of the .deb, hexadecimal. */
  readonly sha256: string;
}

export type BasePackages = Readonly<Partial<Record<Architecture, readonly BasePackage[]>>>;

export const basePackageNames = ['libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** An apt of its own: its lists and cache in `folder`, the machine's sources and keys. */
async function aptOptions(folder: string, architecture: string): Promise<readonly string[]> {
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  return [
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    `Dir::State=${state}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
}

export interface FetchOptions {
  readonly architecture: Architecture;
  /** Empty, for what is fetched. */
  readonly folder: string;
  /** Undefined: the newest that the machine's sources have. */
  readonly locked: readonly BasePackage[] | undefined;
}

export interface FetchedPackages {
  readonly packages: readonly BasePackage[];
  readonly entries: readonly Entry[];
}

/** Not the conversions of character sets, which Node has of its own. */
const isLibrary = (path: string) => /^(usr\/)?lib(64)?\/.*\.so(\.[0-9.]+)?$/.test(path) && !path.includes('/gconv/');
const isLicense = (path: string) => /^usr\/share\/doc\/[^/]+\/copyright$/.test(path);

/**
 * @throws Where apt does not have a version any longer, or a package is another one than was
 * locked.
 */
export async function fetchBasePackages({ architecture, folder, locked }: FetchOptions): Promise<FetchedPackages> {
  const options = await aptOptions(folder, architectures[architecture].debian);
  await run('apt-get', [...options, '-qq', 'update']);
  const wanted = locked?.map(({ name, version }) => `${name}=${version}`) ?? basePackageNames;
  await run('apt-get', [...options, 'download', ...wanted], { cwd: folder });
  const files = (await readdir(folder)).filter((name) => name.endsWith('.deb')).sort();
  const packages: BasePackage[] = [];
  const tree = join(folder, 'tree');
  for (const file of files) {
    const deb = join(folder, file);
    const { stdout } = await run('dpkg-deb', ['--show', '--showformat', `${'$'}{Package}\t${'$'}{Version}`, deb]);
    const [name = '', version = ''] = stdout.split('\t');
    const sha256 = createHash('sha256')
      .update(await readFile(deb))
      .digest('hex');
    const expected = locked?.find((one) => one.name === name);
    if (locked !== undefined && expected?.sha256 !== sha256)
      throw new Error(
        `${file} has the digest ${sha256}, not ${expected?.sha256}: it is another package than was locked`,
      );
    packages.push({ name, version, sha256 });
    await run('dpkg-deb', ['--extract', deb, tree]);
  }
  return { packages, entries: await readTree(tree, '', (path) => isLibrary(path) || isLicense(path)) };
}
