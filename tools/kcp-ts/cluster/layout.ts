/**
 * Where the files of a local installation lie, which parts it has and on which ports: kept in
 * `cluster.json`, so that it starts again as it was.
 */
import { join } from 'node:path';
import { freePorts, readFileIfThere, writePrivateFile } from '@kcp-ts/base';

export type PartKind = 'etcd' | 'nats' | 'shard' | 'cache-server' | 'virtual-workspaces' | 'front-proxy';

export interface Part {
  /** `root`, `shard-1`, `front-proxy-2`, `etcd`: what it is started, shown and killed by. */
  readonly name: string;
  readonly kind: PartKind;
  /** What clients, or other parts, connect to. */
  readonly port: number;
  /** A second port where the part has one: gRPC, or etcd's peers. */
  readonly otherPort: number;
}

export interface Layout {
  readonly folder: string;
  readonly parts: readonly Part[];
}

export interface Wanted {
  readonly folder: string;
  readonly shards: number;
  readonly frontProxies: number;
  readonly cacheServers: number;
  readonly virtualWorkspaces: number;
  /** A second process for each shard, which takes over when the first is gone. */
  readonly standbys: boolean;
  /** Of the first front-proxy; 0 takes a free one. */
  readonly securePort: number;
}

function numbered(kind: PartKind, count: number, alone: boolean): readonly (readonly [string, PartKind])[] {
  return Array.from({ length: count }, (_, index) => [alone && count === 1 ? kind : `${kind}-${index + 1}`, kind]);
}

/**
 * The shard that holds the workspace root is called so, as kcp's is; in an installation that was
 * made before it was, all shards have numbers.
 */
function shardNames(count: number, before: readonly Part[]): readonly (readonly [string, PartKind])[] {
  const [first] = before.filter(({ kind }) => kind === 'shard');
  if (first !== undefined && first.name !== 'root') return numbered('shard', count, false);
  return [['root', 'shard'], ...numbered('shard', count - 1, false)];
}

function partNames(wanted: Wanted, before: readonly Part[]): readonly (readonly [string, PartKind])[] {
  const shards = shardNames(wanted.shards, before);
  return [
    ['etcd', 'etcd'],
    ['nats', 'nats'],
    ...shards,
    ...(wanted.standbys ? shards.map(([name, kind]) => [`${name}-standby`, kind] as const) : []),
    ...numbered('cache-server', wanted.cacheServers, true),
    ...numbered('virtual-workspaces', wanted.virtualWorkspaces, true),
    ...numbered('front-proxy', wanted.frontProxies, false),
  ];
}

export function layoutPath(folder: string): string {
  return join(folder, 'cluster.json');
}

/** The installation that a folder holds, if any. */
export async function readLayout(folder: string): Promise<Layout | undefined> {
  const text = await readFileIfThere(layoutPath(folder));
  return text === undefined ? undefined : { folder, parts: (JSON.parse(text) as Layout).parts };
}

/** What is there keeps its ports; what is new gets free ones. Nothing is written. */
export async function planLayout(wanted: Wanted): Promise<Layout> {
  const before = (await readLayout(wanted.folder))?.parts ?? [];
  const names = partNames(wanted, before);
  const free = [...(await freePorts(names.length * 2))];
  const parts = names.map(([name, kind]): Part => {
    const known = before.find((part) => part.name === name);
    if (known !== undefined) return known;
    const first = name === 'front-proxy-1' && wanted.securePort !== 0;
    return { name, kind, port: first ? wanted.securePort : (free.pop() ?? 0), otherPort: free.pop() ?? 0 };
  });
  return { folder: wanted.folder, parts };
}

/** From now on the installation of the folder is this one. */
export async function writeLayout({ folder, parts }: Layout): Promise<void> {
  await writePrivateFile(layoutPath(folder), `${JSON.stringify({ parts }, undefined, 2)}\n`);
}

/** The shards of a former layout that a new one has not. */
export function shardsLeftOut(before: Layout, after: Layout): readonly string[] {
  const kept = new Set(partsOf(after, 'shard').map(shardNameOf));
  return [...new Set(partsOf(before, 'shard').map(shardNameOf))].filter((name) => !kept.has(name));
}

export function partsOf(layout: Layout, kind: PartKind): readonly Part[] {
  return layout.parts.filter((part) => part.kind === kind);
}

/** The only part of its kind. */
export function partOf(layout: Layout, kind: PartKind): Part {
  const [part] = partsOf(layout, kind);
  if (part === undefined) throw new Error(`Cannot use an installation without ${kind}`);
  return part;
}

/** The name of the shard that holds the workspace root: the first. */
export function rootShardOf(layout: Layout): string {
  const [part] = partsOf(layout, 'shard');
  if (part === undefined) throw new Error('Cannot use an installation without a shard');
  return part.name;
}

/** The name of the shard that a part serves: a standby has that of its first. */
export function shardNameOf(part: Part): string {
  return part.name.replace(/-standby$/, '');
}
