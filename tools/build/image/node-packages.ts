/**
 * What npm brings for an architecture, by the lock file: Node itself, and the packages that are not
 * built into the programs.
 */
import { execFile } from 'node:child_process';
import { copyFile, glob, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { externalPackages, root } from '../build-programs.ts';
import type { Architecture, Entry } from './entry.ts';
import { architectures } from './entry.ts';
import { readTree } from './read-tree.ts';

const run = promisify(execFile);

/** A package of the lock file, as far as it is read here. */
export interface LockedPackage {
  readonly version: string;
  /** `sha512-` and base64. */
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** By their place, `node_modules/x`. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export async function readLock(): Promise<LockedPackages> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages };
  return lock.packages;
}

/** Where `name` is found from a package at `from`, as Node looks for it. */
function placeOf(packages: LockedPackages, name: string, from: string): string | undefined {
  for (let at = from; ; ) {
    const place = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (at === '') return undefined;
    const above = at.lastIndexOf('/node_modules/');
    at = above < 0 ? '' : at.slice(0, above);
  }
}

/**
 * The places of some packages of the root and of all that they need; with `optional`, also of what
 * they take where it is there.
 */
export function closureOf(
  packages: LockedPackages,
  names: readonly string[],
  { optional }: { readonly optional: boolean },
): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (name: string, from: string): void => {
    const place = placeOf(packages, name, from);
    if (place === undefined || found.has(place)) return;
    found.add(place);
    const { dependencies, optionalDependencies } = packages[place] ?? { version: '' };
    for (const needed of Object.keys(dependencies ?? {})) add(needed, place);
    if (optional) for (const needed of Object.keys(optionalDependencies ?? {})) add(needed, place);
  };
  for (const name of names) add(name, '');
  return found;
}

/** What is run, and what says whose it is; no sources of machine code, types or documents. */
function isRun(path: string): boolean {
  if (/\/(src|dependencies|test|tests|benchmark)\//.test(path)) return /\/(dist|lib)\//.test(path);
  return /\.(js|cjs|mjs|json|node)$/.test(path) || /\/licen[cs]e[^/]*$/i.test(path);
}

/**
 * Installs what the lock file names for the architecture into `folder`: npm checks each package
 * against the digest in the lock file.
 */
async function install(folder: string, architecture: Architecture): Promise<void> {
  const manifests = ['package.json', 'package-lock.json'];
  for await (const path of glob('{libs,services,tools}/*/package.json', { cwd: root })) manifests.push(path);
  manifests.push('tests/package.json');
  for (const path of manifests) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(root, path), join(folder, path));
  }
  const target = ['--os=linux', `--cpu=${architectures[architecture].npm}`, '--libc=glibc', '--omit=dev'];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['ci', ...target, ...quiet], { cwd: folder, maxBuffer: 1 << 24 });
}

export interface NodePackages {
  /** Node at usr/bin/node, packages below app/node_modules. */
  readonly node: readonly Entry[];
  readonly packages: readonly Entry[];
  /** Their places in the lock file. */
  readonly places: ReadonlySet<string>;
}

/** `folder`: empty, for what is installed. */
export async function fetchNodePackages(folder: string, architecture: Architecture): Promise<NodePackages> {
  await install(folder, architecture);
  const nodePackage = `node_modules/node-linux-${architectures[architecture].npm}`;
  const binary = await readFile(join(folder, nodePackage, 'bin/node'));
  const license = await readFile(join(folder, nodePackage, 'LICENSE'));
  const places = new Set([nodePackage]);
  const packages: Entry[] = [];
  for (const place of closureOf(await readLock(), externalPackages, { optional: true })) {
    const entries = await readTree(join(folder, place), `app/${place}`, isRun).catch((error: NodeJS.ErrnoException) => {
      // An optional one of another architecture.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (entries === undefined) continue;
    places.add(place);
    packages.push(...entries);
  }
  return {
    node: [
      { kind: 'file', path: 'usr/bin/node', mode: 0o755, content: binary },
      { kind: 'file', path: 'usr/share/doc/node/LICENSE', mode: 0o644, content: license },
    ],
    packages,
    places,
  };
}
