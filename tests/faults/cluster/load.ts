/**
 * What people do to an installation while something is done to it: on every shard, through every
 * front-proxy and straight, some create, change and delete the same few objects and make new ones;
 * watchers follow each workspace on each way, and a provider's virtual workspace. All answers are
 * remembered, and held against each other in the end.
 */
import type { Random } from '@kcp-ts/base';
import type { ApiClient } from '../../harness/api-client.ts';
import { checkHistory } from '../history/check-history.ts';
import type { Operation, Version } from '../history/history.ts';
import type { Collection, LoadTarget, Served, Way } from './recorder.ts';
import { collectionsOf, createRecorder, objectName, shown } from './recorder.ts';
import type { RecordingWatcher } from './recording-watcher.ts';
import { startWatcher } from './recording-watcher.ts';

export interface LoadOptions {
  /** Its writes' texts begin with it. */
  readonly label: string;
  readonly targets: readonly LoadTarget[];
  /** Each has writers on every target, and watchers. */
  readonly ways: readonly Way[];
  /** Front-proxies, for the virtual workspace. */
  readonly proxies: readonly Way[];
  /** The wildcard path of the provider's cowboys, below the virtual workspace's URL. */
  readonly virtualPath: string;
  /** `/apis/<group>/<version>/namespaces/default/<resource>`, as consumers have it. */
  readonly cowboys: string;
  readonly random: Random;
}

export interface Load {
  /** Ends writers, lets watchers catch up, and gives what is wrong: nothing, in a good end. */
  finish(): Promise<readonly string[]>;
  served(shard: string, way: string): Served;
  /** Operations so far. */
  readonly operations: number;
  /** Resolves when every writer, or every one that is meant, was acknowledged something new. */
  progress(meant?: (shard: string, way: string) => boolean): Promise<void>;
}

interface Writer {
  readonly target: LoadTarget;
  readonly way: Way;
  acknowledged: number;
}

const pauseMs = 20;
const patienceMs = 30_000;
const contended = ['one', 'two', 'three'] as const;
const restlessMs = 700;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function startLoad(options: LoadOptions): Load {
  const { label, targets, ways, proxies, virtualPath, cowboys, random } = options;
  const recorder = createRecorder(label);
  const collections = new Map(targets.map((target) => [target, collectionsOf(target, cowboys)]));
  const writers: Writer[] = targets.flatMap((target) => ways.map((way) => ({ target, way, acknowledged: 0 })));
  const ending = new AbortController();
  let writing = true;

  async function turn({ way }: Writer, collection: Collection, fresh: string): Promise<readonly string[]> {
    const name = contended[random.integer(contended.length)] ?? contended[0];
    const found = await recorder.read(way, collection, name);
    const answers = [found.kind];
    if (found.kind === 'absent') answers.push((await recorder.create(way, collection, name)).kind);
    else if (found.kind === 'version') {
      const change = random.integer(10) < 2 ? recorder.remove : recorder.update;
      answers.push((await change(way, collection, name, found.version)).kind);
    }
    if (random.integer(3) === 0) answers.push((await recorder.create(way, collection, fresh)).kind);
    return answers.slice(1);
  }

  async function write(writer: Writer): Promise<void> {
    for (let at = 0; writing; at++) {
      const pair = collections.get(writer.target) ?? [];
      const collection = pair[at % pair.length];
      if (collection === undefined) return;
      const answers = await turn(writer, collection, `${writer.way.name}-${at}`);
      writer.acknowledged += answers.filter((kind) => kind === 'version' || kind === 'deleted').length;
      await pause(pauseMs);
    }
  }

  const watchers: RecordingWatcher[] = [];
  const watch = (
    way: Way,
    shard: string,
    more: Pick<Parameters<typeof startWatcher>[0], 'name' | 'path' | 'resource' | 'watches' | 'ignores'>,
  ) =>
    watchers.push(
      startWatcher({
        ...more,
        client: (): ApiClient => way.client(shard),
        failed: () => way.failed(shard),
        restlessMs: watchers.length % 2 === 1 ? restlessMs + random.integer(restlessMs) : undefined,
        signal: ending.signal,
      }),
    );
  const clusters = new Set(targets.map(({ cluster }) => cluster));
  for (const target of targets)
    for (const way of ways)
      for (const { resource, path } of collections.get(target) ?? []) {
        if (resource === 'cowboys' && way !== ways.at(-1)) continue;
        const prefix = `${target.cluster}/${resource}/`;
        const name = `watcher of ${resource} on ${target.shard} by ${way.name}`;
        const watches = (object: string) => object.startsWith(prefix);
        watch(way, target.shard, { name, path, resource, watches, ignores: () => false });
      }
  for (const way of proxies)
    for (const restless of [false, true]) {
      const name = `${restless ? 'restless ' : ''}watcher of the virtual workspace by ${way.name}`;
      const watches = (object: string) => object.includes('/cowboys/');
      // Those of loads before are there as well.
      const ignores = (object: string) => !clusters.has(object.slice(0, object.indexOf('/')));
      watch(way, '', { name, path: virtualPath, resource: 'cowboys', watches, ignores });
    }

  const started = writers.map(write);

  /** The last read of everything: what a list has not got is not there. */
  async function readAll(collection: Collection): Promise<ReadonlyMap<string, Version>> {
    const prefix = objectName(collection, '');
    const known = new Set(
      recorder.operations.map(({ object }) => object).filter((object) => object.startsWith(prefix)),
    );
    for (const end = performance.now() + patienceMs; ; await pause(50)) {
      const startedAt = performance.now();
      const way = ways[random.integer(ways.length)] as Way;
      const client = way.client(collection.target.shard);
      const { status, body } = await client
        .get<{ items: [] }>(collection.path)
        .catch(() => ({ status: 0, body: { items: [] } }));
      if (status === 200) {
        const items = body.items.flatMap((item) => shown(item, collection.resource) ?? []);
        const there = new Map(items.map((item) => [item.object, item]));
        for (const object of new Set([...known, ...there.keys()])) {
          const item = there.get(object);
          const answer: Operation['answer'] =
            item === undefined ? { kind: 'absent' } : { kind: 'version', version: item.version, write: item.write };
          recorder.operations.push({ object, kind: 'read', startedAt, endedAt: performance.now(), answer });
        }
        return new Map(items.map(({ object, version }) => [object, version]));
      }
      way.failed(collection.target.shard);
      if (performance.now() > end) throw new Error(`${collection.path} cannot be listed: ${status}`);
    }
  }

  function agrees({ current, watches }: RecordingWatcher, there: ReadonlyMap<string, Version>): boolean {
    for (const [object, version] of there) if (watches(object) && current.get(object) !== version) return false;
    for (const object of current.keys()) if (watches(object) && !there.has(object)) return false;
    return true;
  }

  return {
    served: recorder.served,
    get operations() {
      return recorder.operations.length;
    },
    async progress(meant = () => true) {
      const waiting = writers
        .filter(({ target, way }) => meant(target.shard, way.name))
        .map((writer) => ({ writer, before: writer.acknowledged }));
      const end = performance.now() + patienceMs;
      for (;;) {
        const stuck = waiting.find(({ writer, before }) => writer.acknowledged <= before);
        if (stuck === undefined) return;
        const { target, way } = stuck.writer;
        if (performance.now() > end)
          throw new Error(`a writer on ${target.shard} by ${way.name} gets nothing acknowledged any more`);
        await pause(20);
      }
    },
    async finish() {
      writing = false;
      await Promise.all(started);
      const there = new Map<string, Version>();
      for (const collection of [...collections.values()].flat())
        for (const [object, version] of await readAll(collection)) there.set(object, version);
      const end = performance.now() + patienceMs;
      while (watchers.some((watcher) => !agrees(watcher, there)) && performance.now() < end) await pause(50);
      ending.abort();
      await Promise.all(watchers.map(({ ended }) => ended));
      const operations = [...recorder.operations, ...watchers.flatMap(({ reads }) => reads)];
      return [...checkHistory({ operations, watchers }), ...recorder.odd, ...watchers.flatMap(({ odd }) => odd)];
    },
  };
}
