/**
 * npm leaves an optional package out of package-lock.json when the registry at hand does not have
 * it for some platform, and then `npm ci` refuses the file it wrote itself. `node
 * tools/check/complete-lock.ts` adds those entries: name, version and platform are known, and a
 * package for another platform is never fetched.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const operatingSystems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'sunos', 'aix'];
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32'];
/** Other people's words for them. */
const otherNames: Readonly<Record<string, string>> = { aarch64: 'arm64', armv7: 'arm' };

/**
 * The platform that a package such as `@oxlint/binding-linux-arm-gnueabihf` names in its own name;
 * undefined when it names none.
 */
export function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.split(/[/-]/).map((word) => otherNames[word] ?? word);
  const os = operatingSystems.find((word) => words.includes(word));
  const cpu = processors.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc }) };
}

/** The entries that the lock needs and lacks, by their place in node_modules. */
export function missingOptional(lock: Lock): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {};
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${place === '' ? '' : `${place}/`}node_modules/${name}`;
      const hoisted = `node_modules/${name}`;
      if (lock.packages[nested] !== undefined || lock.packages[hoisted] !== undefined) continue;
      const platform = platformOf(name);
      if (platform === undefined || !/^\d/.test(version)) continue;
      missing[hoisted] = { version, ...(entry.dev === true ? { dev: true } : {}), optional: true, ...platform };
    }
  }
  return missing;
}

function completeLockFile(path: string): number {
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock;
  const missing = missingOptional(lock);
  const packages = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
  return Object.keys(missing).length;
}

if (import.meta.main) {
  const added = completeLockFile(fileURLToPath(new URL('../../package-lock.json', import.meta.url)));
  process.stdout.write(`${added} entries added to package-lock.json\n`);
}
