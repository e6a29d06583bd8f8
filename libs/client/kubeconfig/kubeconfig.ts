/**
 * A kubeconfig as kubectl sees it: several files merged, the first to name an entry wins, and each
 * entry remembers its file so that a change goes back where it came from. Fields that are not ours
 * stay as they are.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { boolCoreTag, dump, FAILSAFE_SCHEMA, load, nullCoreTag } from 'js-yaml';

export type Entry = Readonly<Record<string, unknown>>;

const sections = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
export type Section = keyof typeof sections;

export interface Kubeconfig {
  readonly currentContext: string | undefined;
  get(section: Section, name: string): Entry | undefined;
  /** The folder that a relative path in this entry starts from. */
  folderOf(section: Section, name: string): string;
  set(section: Section, name: string, entry: Entry): void;
  useContext(name: string): void;
  /** Writes the files that changed, each by a rename, so that a reader never sees half a file. */
  save(): Promise<void>;
}

/** A kubeconfig has no numbers: a token of digits alone is text, leading zeros and all. */
const schema = FAILSAFE_SCHEMA.withTags(nullCoreTag, boolCoreTag);

interface ConfigFile {
  readonly path: string;
  readonly document: Record<string, unknown>;
  changed: boolean;
}

interface NamedEntry {
  readonly name: string;
  readonly [field: string]: unknown;
}

/**
 * The files kubectl would read: the flag alone, or those of KUBECONFIG, or the one in the home
 * folder.
 */
export function kubeconfigPaths(
  flag: string | undefined,
  environment: string | undefined,
  home: string,
): readonly string[] {
  if (flag !== undefined && flag !== '') return [resolve(flag)];
  const listed = (environment ?? '').split(':').filter((path) => path !== '');
  return listed.length > 0 ? listed.map((path) => resolve(path)) : [resolve(home, '.kube', 'config')];
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = existsSync(path) ? await readFile(path, 'utf8') : '';
  const document = text.trim() === '' ? { apiVersion: 'v1', kind: 'Config' } : load(text, { schema });
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new Error(`${path} is not a kubeconfig`);
  return { path, document: document as Record<string, unknown>, changed: false };
}

function entriesOf(file: ConfigFile, section: Section): NamedEntry[] {
  const list = file.document[section];
  return Array.isArray(list) ? (list as NamedEntry[]) : [];
}

async function writeConfigFile(file: ConfigFile): Promise<void> {
  const path = existsSync(file.path) ? await realpath(file.path) : file.path;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, dump(file.document, { lineWidth: -1, noRefs: true }), {
    mode: 0o600,
  });
  await rename(temporary, path);
}

/** Reads every file that exists; a missing one counts as empty. `paths` is never empty. */
export async function loadKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const files = await Promise.all(paths.map(readConfigFile));
  const first = files[0];
  if (first === undefined) throw new RangeError('Cannot load a kubeconfig from no path');
  const forNewEntries = files.find((file) => existsSync(file.path)) ?? files[files.length - 1] ?? first;
  const currentFile = files.find(
    (file) => typeof file.document['current-context'] === 'string' && file.document['current-context'] !== '',
  );

  function find(section: Section, name: string): { readonly file: ConfigFile; readonly index: number } | undefined {
    for (const file of files) {
      const index = entriesOf(file, section).findIndex((entry) => entry.name === name);
      if (index >= 0) return { file, index };
    }
    return undefined;
  }

  return {
    get currentContext() {
      return (currentFile ?? forNewEntries).document['current-context'] as string | undefined;
    },
    get(section, name) {
      const found = find(section, name);
      return found === undefined
        ? undefined
        : ((entriesOf(found.file, section)[found.index]?.[sections[section]] ?? {}) as Entry);
    },
    folderOf: (section, name) => dirname((find(section, name)?.file ?? forNewEntries).path),
    set(section, name, entry) {
      const found = find(section, name);
      const file = found?.file ?? forNewEntries;
      const list = [...entriesOf(file, section)];
      list[found?.index ?? list.length] = { name, [sections[section]]: entry };
      file.document[section] = list;
      file.changed = true;
    },
    useContext(name) {
      const file = currentFile ?? forNewEntries;
      file.document['current-context'] = name;
      file.changed = true;
    },
    async save() {
      for (const file of files.filter((candidate) => candidate.changed)) {
        await writeConfigFile(file);
        file.changed = false;
      }
    },
  };
}
