/**
 * The mapping file, as kcp's front-proxy reads it: which server answers which paths. Its header
 * settings are read and not used: identity never goes by header.
 */
import { readFile } from 'node:fs/promises';
import type { FollowDependencies, Live } from '@kcp-ts/base';
import { followLive } from '@kcp-ts/base';
import { decodeYaml } from '@kcp-ts/http';

export interface Mapping {
  readonly path: string;
  /** Not looked at for `/clusters/`: the index says where a workspace is. */
  readonly backend: string;
  /** PEM texts. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

interface Entry {
  readonly path?: unknown;
  readonly backend?: unknown;
  readonly backend_server_ca?: unknown;
  readonly proxy_client_cert?: unknown;
  readonly proxy_client_key?: unknown;
}

function textOf(entry: Entry, name: keyof Entry, index: number): string {
  const value = entry[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`entry ${index + 1} of the mapping file needs ${name}`);
}

async function entriesOf(path: string): Promise<readonly Entry[]> {
  if (path === '') return [];
  const { value } = decodeYaml(await readFile(path), { strict: false });
  if (!Array.isArray(value)) throw new Error('the mapping file is not a list');
  return value as readonly Entry[];
}

/**
 * Read again when it changes, or one of the files that it named at the start. Rejects where it
 * cannot be used.
 */
export async function followMappings(
  path: string,
  follow: FollowDependencies,
): Promise<Live<readonly Mapping[]> & Disposable> {
  const names = ['backend_server_ca', 'proxy_client_cert', 'proxy_client_key'] as const;
  const named = (await entriesOf(path)).flatMap((entry) => names.map((name) => entry[name]));
  return followLive({
    ...follow,
    what: 'the mapping file',
    paths: [path, ...named.filter((each) => typeof each === 'string')],
    read: () => readMappings(path),
  });
}

/** By length, the longest path first. Rejects with what is wrong in the file. */
export async function readMappings(path: string): Promise<readonly Mapping[]> {
  const mappings = await Promise.all(
    (await entriesOf(path)).map(async (entry, index): Promise<Mapping> => {
      const read = (name: keyof Entry) => readFile(textOf(entry, name, index), 'utf8');
      const [ca, cert, key] = await Promise.all([
        read('backend_server_ca'),
        read('proxy_client_cert'),
        read('proxy_client_key'),
      ]);
      return { path: textOf(entry, 'path', index), backend: textOf(entry, 'backend', index), tls: { ca, cert, key } };
    }),
  );
  return mappings.sort((left, right) => right.path.length - left.path.length);
}

/** The mapping that a path falls under: the path itself, or anything below it. */
export function mappingOf(mappings: readonly Mapping[], path: string): Mapping | undefined {
  return mappings.find(({ path: prefix }) => {
    const below = prefix.endsWith('/') ? prefix : `${prefix}/`;
    return path === prefix || path.startsWith(below);
  });
}
