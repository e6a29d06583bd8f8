/**
 * Makes the image of kcp-ts, without a container engine and without root: `make image`. What it is
 * made of is named by the commit, the lock file and `deploy/image/base-packages.json`; so are its
 * bytes.
 */
import { chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { readBuildInfo } from '../build-info.ts';
import { root } from '../build-programs.ts';
import ownPackage from '../package.json' with { type: 'json' };
import type { BasePackage, BasePackages } from './base-packages.ts';
import type { Architecture, Entry } from './entry.ts';
import { architectures, isArchitecture } from './entry.ts';
import { makeLayer } from './layer.ts';
import { writeOciLayout } from './oci-layout.ts';
import { makeRootFileSystem } from './root-file-system.ts';
import { runConfigOf } from './run-config.ts';

const usage = `Usage: node tools/build/image/main.ts [flags]

  --arch list       Architectures: ${Object.keys(architectures).join(', ')} (default: this machine's)
  --output folder   Where the image goes, as an OCI image layout (default dist/image); one that is there is replaced
  --rootfs folder   Write the files of the image there instead, for one architecture
  --newest-base     Take the newest of Debian's packages, whatever deploy/image/base-packages.json names
  --update-base     The same, and name them there from now on
`;

const lockPath = join(root, 'deploy/image/base-packages.json');

async function readBaseLock(): Promise<BasePackages> {
  return JSON.parse(await readFile(lockPath, 'utf8')) as BasePackages;
}

/** Throws for a folder that is anything but an image that was made before. */
async function checkReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): readonly string[] => []);
  if (names.length > 0 && !names.includes('oci-layout'))
    throw new Error(`--output ${folder} is not empty and holds no image: name another folder`);
}

/** As they lie in the image; owners only where root writes them. */
async function writeTree(folder: string, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    const path = join(folder, entry.path);
    if (entry.kind === 'directory') await mkdir(path, { recursive: true });
    else if (entry.kind === 'file') await writeFile(path, entry.content);
    else await symlink(entry.target, path);
    if (entry.kind !== 'link') await chmod(path, entry.mode);
    if (entry.uid !== undefined && process.getuid?.() === 0) await chown(path, entry.uid, entry.uid);
  }
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
      output: { type: 'string', default: join(root, 'dist/image') },
      rootfs: { type: 'string' },
      'newest-base': { type: 'boolean', default: false },
      'update-base': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const wanted = values.arch.split(',');
  const unknown = wanted.find((name) => !isArchitecture(name));
  if (unknown !== undefined)
    throw new Error(`--arch knows ${Object.keys(architectures).join(', ')}, not ${JSON.stringify(unknown)}`);
  if (values.rootfs !== undefined && wanted.length > 1) throw new Error('--rootfs takes one architecture');
  return { ...values, architectures: wanted.filter(isArchitecture) };
}

async function main(): Promise<void> {
  const flags = readArguments();
  if (flags.help) return void process.stdout.write(usage);
  const build = readBuildInfo(root);
  const created = new Date(build.date === '' ? 0 : build.date);
  const { version } = ownPackage;
  const newest = flags['newest-base'] || flags['update-base'];
  const lock = await readBaseLock();
  const locked = newest ? undefined : lock;
  const make = (architecture: Architecture) =>
    makeRootFileSystem({ architecture, version, commit: build.commit, created, locked });
  if (flags.rootfs !== undefined) {
    const folder = resolve(flags.rootfs);
    await mkdir(folder, { recursive: true });
    for (const architecture of flags.architectures) await writeTree(folder, (await make(architecture)).layers.flat());
    return;
  }
  const output = resolve(flags.output);
  await checkReplaceable(output);
  const run = runConfigOf(version, build);
  const images = [];
  const sboms: (readonly [name: string, text: string])[] = [];
  const base: Partial<Record<Architecture, readonly BasePackage[]>> = { ...lock };
  for (const architecture of flags.architectures) {
    const made = await make(architecture);
    base[architecture] = made.base;
    const layers = [];
    for (const entries of made.layers) layers.push(await makeLayer(entries, created));
    images.push({ architecture, layers, created, run });
    const bytes = layers.reduce((sum, { compressed }) => sum + compressed.length, 0);
    process.stdout.write(`${architecture}: ${(bytes / 1e6).toFixed(1)} MB compressed\n`);
    sboms.push([`kcp-ts-${architecture}.cdx.json`, made.sbom]);
  }
  // Only now: what was there is good until there is another one.
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  for (const [name, text] of sboms) await writeFile(join(output, name), text);
  const digest = await writeOciLayout(output, images, version);
  if (flags['update-base']) await writeFile(lockPath, `${JSON.stringify(base, undefined, 2)}\n`);
  process.stdout.write(`${output}: kcp-ts ${version}, ${digest}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
