/**
 * What lies in an image, as layers that change more and more often: Debian's libraries and Node,
 * packages of npm, the programs.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPrograms, root } from '../build-programs.ts';
import type { BasePackage, BasePackages } from './base-packages.ts';
import { fetchBasePackages } from './base-packages.ts';
import type { Architecture, Entry } from './entry.ts';
import { withDirectories } from './entry.ts';
import { closureOf, fetchNodePackages, readLock } from './node-packages.ts';
import { readTree } from './read-tree.ts';
import { nonroot } from './run-config.ts';
import { makeSbom } from './sbom.ts';

const text = (path: string, content: string, mode = 0o644): Entry => ({
  kind: 'file',
  path,
  mode,
  content: Buffer.from(content),
});

/** What programs expect of any system. */
const systemFiles: readonly Entry[] = [
  text(
    'etc/passwd',
    `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${nonroot}:${nonroot}:nonroot:/tmp:/sbin/nologin\n`,
  ),
  text('etc/group', `root:x:0:\nnonroot:x:${nonroot}:\n`),
  text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  // Where a container's engine mounts its own, on a root that cannot be written to.
  { kind: 'directory', path: 'dev', mode: 0o755 },
  { kind: 'directory', path: 'proc', mode: 0o755 },
  { kind: 'directory', path: 'sys', mode: 0o755 },
  { kind: 'directory', path: 'tmp', mode: 0o1777 },
  { kind: 'directory', path: 'var/lib/kcp-ts', mode: 0o700, uid: nonroot },
];

export interface RootFileSystem {
  /** Each with the directories that it needs. */
  readonly layers: readonly (readonly Entry[])[];
  readonly sbom: string;
  readonly base: readonly BasePackage[];
}

export interface RootFileSystemOptions {
  readonly architecture: Architecture;
  readonly version: string;
  readonly commit: string;
  readonly created: Date;
  /** Undefined: the newest of Debian's packages. */
  readonly locked: BasePackages | undefined;
}

/** Of what is built into the programs, in the lock file. */
async function builtInPlaces(): Promise<ReadonlySet<string>> {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  return closureOf(await readLock(), Object.keys(dependencies), { optional: false });
}

export async function makeRootFileSystem(options: RootFileSystemOptions): Promise<RootFileSystem> {
  const { architecture } = options;
  const packages = options.locked?.[architecture];
  if (options.locked !== undefined && packages === undefined)
    throw new Error(`deploy/image/base-packages.json names no packages for ${architecture}: use --update-base`);
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-image-'));
  try {
    const inFolder = async (name: string) => {
      await mkdir(join(folder, name));
      return join(folder, name);
    };
    const dist = await inFolder('dist');
    await buildPrograms(['kcp-ts'], dist);
    const base = await fetchBasePackages({
      architecture,
      folder: await inFolder('debian'),
      locked: packages,
    });
    const npm = await fetchNodePackages(await inFolder('npm'), architecture);
    const locked = await readLock();
    const places = new Set([...(await builtInPlaces()), ...npm.places]);
    const sbom = makeSbom({ ...options, base: base.packages, locked, places });
    const manifest = text('app/package.json', '{"type":"module"}\n');
    const layers = [
      [...systemFiles, ...base.entries, ...npm.node],
      npm.packages,
      [...(await readTree(dist, 'app/dist')), manifest, text('usr/share/sbom/kcp-ts.cdx.json', sbom)],
    ];
    return { layers: layers.map(withDirectories), sbom, base: base.packages };
  } finally {
    await rm(folder, { recursive: true });
  }
}
