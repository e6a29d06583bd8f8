/**
 * What people do to an installation while something is done to it: writers that create and count, watchers of each workspace and of a provider's virtual
 * workspace. Everything that was answered is remembered, and held against what is there in the end.
 */
import type { ApiClient } from '../../harness/api-client.ts';
import { configMap, configMapsOf, custom, names } from '../../harness/objects.ts';

export interface LoadTarget {
  /** The workspace's path. */
  readonly path: string;
  readonly shard: string;
}

export interface LoadOptions {
  readonly targets: readonly LoadTarget[];
  /** Through the front-proxies; any of them will do. */
  readonly clients: readonly ApiClient[];
  /** The wildcard path of the provider's resource, below the virtual workspace's URL. */
  readonly virtualPath: string;
  /** `/apis/<group>/<version>/namespaces/default/<resource>`, as consumers have it. */
  readonly resource: string;
}

interface Written {
  readonly acknowledged: Set<string>;
  /** Nobody knows what became of them. */
  readonly unknown: Set<string>;
  requests: number;
  failed: number;
  counted: number;
}

export interface Load {
  /** Ends writers, lets watchers catch up, and gives what is wrong: nothing, in a good end. */
  finish(): Promise<readonly string[]>;
  /** Requests to a shard's workspace, and those that were not answered as they should. */
  served(shard: string): { readonly requests: number; readonly failed: number };
  /** Resolves when every writer was acknowledged something new. */
  progress(): Promise<void>;
}

const pauseMs = 15;
const patienceMs = 30_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a watcher of one collection has been told. */
interface Seen {
  readonly names: Set<string>;
  readonly wrong: string[];
}

/** Lists and watches until the signal: goes on where it was, or lists anew where it is told to. */
async function follow(client: () => ApiClient, path: string, seen: Seen, signal: AbortSignal): Promise<void> {
  let from: string | undefined;
  while (!signal.aborted) {
    try {
      if (from === undefined) {
        const list = await client().get(path);
        if (list.status !== 200) throw new Error(`list: ${list.status}`);
        for (const name of names(list.body)) seen.names.add(name);
        from = (list.body as unknown as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
      }
      for await (const { type, object } of client().watch(
        `${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}`,
        signal,
      )) {
        if (type === 'ERROR') {
          // An explicit end: what is here now is read anew.
          from = undefined;
          break;
        }
        const version = object.metadata.resourceVersion ?? '0';
        if (from !== undefined && BigInt(version) < BigInt(from)) seen.wrong.push(`${path}: ${version} after ${from}`);
        if (type === 'DELETED') seen.wrong.push(`${path}: ${object.metadata.name} was shown as deleted`);
        if (type === 'ADDED') {
          if (seen.names.has(object.metadata.name)) seen.wrong.push(`${path}: ${object.metadata.name} was shown twice`);
          seen.names.add(object.metadata.name);
        }
        from = version;
      }
    } catch {
      // A connection that broke: the next one goes on from where this one was.
    }
    if (!signal.aborted) await pause(pauseMs * 4);
  }
}

export function startLoad({ targets, clients, virtualPath, resource }: LoadOptions): Load {
  let turn = 0;
  const client = () => clients[turn++ % clients.length] as ApiClient;
  const written = new Map<string, Written>();
  const watchers = new AbortController();
  let writing = true;
  let following: Promise<void>[] = [];
  const seen = new Map<string, Seen>();

  async function attempt(target: LoadTarget, name: string, path: string, object: object): Promise<void> {
    const mine = written.get(target.path) as Written;
    mine.requests++;
    try {
      const { status } = await client().post(path, object);
      if (status === 201) mine.acknowledged.add(name);
      else {
        mine.failed++;
        if (status >= 500) mine.unknown.add(name);
      }
    } catch {
      mine.failed++;
      mine.unknown.add(name);
    }
  }

  /** Counts by compare and set: nobody else writes, so an acknowledged step is never taken back or taken twice. */
  async function count(target: LoadTarget): Promise<void> {
    const mine = written.get(target.path) as Written;
    const path = `${configMapsOf(target.path)}/counter`;
    mine.requests++;
    try {
      const read = await client().get<{ data: { n: string }; metadata: object }>(path);
      if (read.status !== 200) throw new Error('not read');
      const n = Number(read.body.data.n);
      if (n < mine.counted) wrong.push(`${target.path}: read ${n} after ${mine.counted} was acknowledged`);
      const { status } = await client().put(path, { ...read.body, data: { n: String(n + 1) } });
      if (status === 200) mine.counted = n + 1;
      else mine.failed++;
    } catch {
      mine.failed++;
    }
  }

  const wrong: string[] = [];

  async function write(target: LoadTarget): Promise<void> {
    for (let at = 0; writing; at++) {
      const name = `n${at}`;
      await attempt(target, name, configMapsOf(target.path), configMap(name));
      // One of a kind in the whole installation: the provider sees all of them together.
      const widget = `${target.path.slice(target.path.lastIndexOf(':') + 1)}-${at}`;
      if (at % 3 === 0) await attempt(target, widget, `/clusters/${target.path}${resource}`, custom('Cowboy', widget));
      await count(target);
      await pause(pauseMs);
    }
  }

  const writers = targets.map(async (target) => {
    written.set(target.path, { acknowledged: new Set(), unknown: new Set(), requests: 0, failed: 0, counted: 0 });
    const created = await client().post(configMapsOf(target.path), { ...configMap('counter'), data: { n: '0' } });
    if (created.status !== 201) throw new Error(`no counter in ${target.path}: ${created.text}`);
    await write(target);
  });
  for (const path of [...targets.map((target) => configMapsOf(target.path)), virtualPath]) {
    const one: Seen = { names: new Set(), wrong: [] };
    seen.set(path, one);
    following.push(follow(client, path, one, watchers.signal));
  }

  async function listed(path: string): Promise<ReadonlySet<string>> {
    for (const end = performance.now() + patienceMs; ; await pause(100)) {
      const { status, body } = await client()
        .get(path)
        .catch(() => ({ status: 0, body: undefined }));
      if (status === 200) return new Set(names(body));
      if (performance.now() > end) throw new Error(`${path} cannot be listed: ${status}`);
    }
  }

  function compare(path: string, there: ReadonlySet<string>, told: ReadonlySet<string>): void {
    for (const name of there) if (!told.has(name)) wrong.push(`${path}: ${name} was never shown to the watcher`);
    for (const name of told) if (!there.has(name)) wrong.push(`${path}: ${name} was shown and is not there`);
  }

  async function check(target: LoadTarget): Promise<void> {
    const mine = written.get(target.path) as Written;
    const maps = await listed(configMapsOf(target.path));
    const widgets = await listed(`/clusters/${target.path}${resource}`);
    for (const name of mine.acknowledged)
      if (!maps.has(name) && !widgets.has(name)) wrong.push(`${target.path}: ${name} was acknowledged and is lost`);
    for (const name of [...maps, ...widgets])
      if (!mine.acknowledged.has(name) && !mine.unknown.has(name) && /^(n\d|f\d)/.test(name))
        wrong.push(`${target.path}: ${name} is there, and was refused`);
    const counter = await client().get<{ data: { n: string } }>(`${configMapsOf(target.path)}/counter`);
    if (Number(counter.body.data.n) < mine.counted) wrong.push(`${target.path}: the counter went back`);
  }

  async function watchersAgree(): Promise<boolean> {
    for (const [path, one] of seen) {
      const there = await listed(path);
      if ([...there].some((name) => !one.names.has(name))) return false;
    }
    return true;
  }

  return {
    served(shard) {
      const mine = targets.filter((target) => target.shard === shard).map(({ path }) => written.get(path) as Written);
      return {
        requests: mine.reduce((sum, { requests }) => sum + requests, 0),
        failed: mine.reduce((sum, { failed }) => sum + failed, 0),
      };
    },
    async progress() {
      const before = new Map([...written].map(([path, { acknowledged }]) => [path, acknowledged.size]));
      const end = performance.now() + patienceMs;
      while ([...written].some(([path, { acknowledged }]) => acknowledged.size <= (before.get(path) ?? 0))) {
        if (performance.now() > end) throw new Error('a writer gets nothing acknowledged any more');
        await pause(20);
      }
    },
    async finish() {
      writing = false;
      await Promise.all(writers);
      const end = performance.now() + patienceMs;
      while (!(await watchersAgree()) && performance.now() < end) await pause(100);
      for (const target of targets) await check(target);
      for (const [path, one] of seen) {
        compare(path, await listed(path), one.names);
        wrong.push(...one.wrong);
      }
      watchers.abort();
      await Promise.all(following);
      following = [];
      return wrong;
    },
  };
}
