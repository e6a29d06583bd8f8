/**
 * Lists and watches like a controller's informer, and remembers what it was shown: resumes where it
 * was, and lists again after a 410.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { ApiClient } from '../../harness/api-client.ts';
import { field } from '../../harness/objects.ts';
import type { Operation, Version, Watcher, WatchRecord } from '../history/history.ts';
import type { Collection } from './recorder.ts';
import { shown } from './recorder.ts';

export interface RecordingWatcher extends Watcher {
  /** What it was shown comes to this. */
  readonly current: ReadonlyMap<string, Version>;
  /** Its lists, as reads. */
  readonly reads: readonly Operation[];
  /** Answers that no server should give. */
  readonly odd: readonly string[];
  /** Resolves when it has ended, after the signal. */
  readonly ended: Promise<void>;
}

export interface WatcherOptions {
  readonly name: string;
  readonly path: string;
  readonly resource: Collection['resource'];
  watches(object: string): boolean;
  /** What is there as well and none of its business. */
  ignores(object: string): boolean;
  client(): ApiClient;
  /** Called when a list or watch was not answered. */
  failed(): void;
  /** Breaks its own connection about as often, and goes on where it was; undefined: never. */
  readonly restlessMs: number | undefined;
  readonly signal: AbortSignal;
}

const retryMs = 50;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function startWatcher(options: WatcherOptions): RecordingWatcher {
  const { name, path, resource, signal } = options;
  const records: WatchRecord[] = [];
  const reads: Operation[] = [];
  const odd: string[] = [];
  const current = new Map<string, Version>();

  async function list(): Promise<Version | undefined> {
    const startedAt = performance.now();
    const { status, body } = await options
      .client()
      .get<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(path);
    if (status !== 200) {
      options.failed();
      return undefined;
    }
    const version = BigInt(body.metadata.resourceVersion);
    const items = body.items
      .flatMap((item) => shown(item, resource) ?? [])
      .filter(({ object }) => !options.ignores(object));
    records.push({ kind: 'list', version, items });
    current.clear();
    for (const { object, version, write } of items) {
      current.set(object, version);
      const answer = { kind: 'version', version, write } as const;
      reads.push({ object, kind: 'read', startedAt, endedAt: performance.now(), answer });
    }
    return version;
  }

  /** Where to go on from; undefined: with a list. */
  async function watch(from: Version): Promise<Version | undefined> {
    let at = from;
    const restless = options.restlessMs === undefined ? [] : [AbortSignal.timeout(options.restlessMs)];
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${from}`;
    try {
      for await (const { type, object } of options
        .client()
        .watch(`${path}?${query}`, AbortSignal.any([signal, ...restless]))) {
        if (type === 'ERROR') {
          const code = Number(field(object, 'code'));
          if (code === 410) {
            records.push({ kind: 'expired' });
            return undefined;
          }
          options.failed();
          if (code < 500 && code !== 429)
            odd.push(`${name}: its watch from ${at} was answered with ${JSON.stringify(object)}`);
          return at;
        }
        const version = BigInt(object.metadata.resourceVersion ?? 0);
        const found = shown(object, resource);
        if (type === 'BOOKMARK') records.push({ kind: 'bookmark', version });
        else if (found !== undefined && !options.ignores(found.object)) {
          records.push({ kind: 'event', type, ...found });
          if (type === 'DELETED') current.delete(found.object);
          else current.set(found.object, version);
        }
        at = version;
      }
    } catch {
      options.failed();
    }
    return at;
  }

  async function follow(): Promise<void> {
    let from: Version | undefined;
    while (!signal.aborted) {
      const before = from;
      try {
        from = from === undefined ? await list() : await watch(from);
      } catch {
        options.failed();
      }
      if (!signal.aborted && (from === undefined || from === before)) await pause(retryMs);
    }
  }

  return { name, watches: options.watches, records, reads, current, odd, ended: follow() };
}
