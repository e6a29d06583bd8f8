/**
 * Clients of an installation while it is restarted: one writes, one watches. They try again as
 * client-go does, and nothing else: what was acknowledged has to be there, and seen once.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { ApiClient } from '../harness/api-client.ts';

const configMaps = '/clusters/root/api/v1/namespaces/default/configmaps';
const labelled = `${configMaps}?labelSelector=written=here`;
const retryMs = 100;
/** How long one write is tried: no part of an installation is gone for so long. */
const patienceMs = 60_000;

export interface Load {
  /** How many writes were acknowledged so far. */
  written(): number;
  /** Ends it, and says what went wrong: a line for each fault. */
  stop(): Promise<LoadReport>;
}

export interface LoadReport {
  readonly written: number;
  /** The longest time that one write took, with all its tries. */
  readonly longestMs: number;
  readonly faults: readonly string[];
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? '';
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Writes one after the other, each until it is acknowledged. */
function startWriter(client: ApiClient) {
  const acknowledged: string[] = [];
  const faults: string[] = [];
  let longestMs = 0;
  let stopped = false;

  async function write(name: string): Promise<void> {
    const started = performance.now();
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { written: 'here' } } };
    for (;;) {
      const answer = await client.post(configMaps, body).catch(() => undefined);
      const tookMs = performance.now() - started;
      longestMs = Math.max(longestMs, tookMs);
      // It was written by a try whose answer was lost.
      if (answer?.status === 201 || answer?.status === 409) return void acknowledged.push(name);
      const isTransient = answer === undefined || answer.status === 429 || answer.status >= 500;
      if (!isTransient) return void faults.push(`${name}: ${answer.status} ${answer.text}`);
      // Whether it was done is not known: client-go leaves it to its user to try that again.
      const isUnknown = answer?.text.includes('may have been done') ?? false;
      if (answer !== undefined && !isUnknown && answer.headers['retry-after'] === undefined)
        faults.push(`${name}: ${answer.status} without Retry-After: ${answer.text}`);
      if (tookMs > patienceMs) return void faults.push(`${name}: not written within ${patienceMs} ms`);
      await pause(retryMs);
    }
  }

  const running = (async () => {
    for (let index = 0; !stopped; index++) {
      await write(`written-${String(index).padStart(5, '0')}`);
      await pause(20);
    }
  })();
  return {
    acknowledged,
    faults,
    longestMs: () => longestMs,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** Watches from where it was, as a reflector does, and never lists again. */
function startWatcher(client: ApiClient, from: string) {
  const seen: string[] = [];
  const faults: string[] = [];
  const stop = new AbortController();
  let version = from;
  const isStopped = () => stop.signal.aborted;

  async function watchOnce(): Promise<void> {
    const path = `${labelled}&watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    for await (const { type, object } of client.watch(path, stop.signal)) {
      if (type === 'ERROR') {
        const { code, message } = object as { readonly code?: number; readonly message?: string };
        if (code === 410) faults.push(`the watch has to list again: ${message}`);
        return;
      }
      version = object.metadata?.resourceVersion ?? version;
      if (type === 'ADDED') seen.push(nameOf(object));
    }
  }

  const running = (async () => {
    while (!isStopped()) {
      await watchOnce().catch(() => undefined);
      if (!isStopped()) await pause(retryMs);
    }
  })();
  return {
    seen,
    faults,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

function duplicatesOf(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

/** `connect` makes clients, each with a connection of its own. */
export async function startLoad(connect: () => ApiClient): Promise<Load> {
  const [forWrites, forWatches] = [connect(), connect()];
  const list = await forWrites.get(labelled);
  const writer = startWriter(forWrites);
  const watcher = startWatcher(forWatches, list.body.metadata?.resourceVersion ?? '');
  return {
    written: () => writer.acknowledged.length,
    async stop() {
      await writer.stop();
      const last = writer.acknowledged.at(-1) ?? '';
      for (let tries = 0; tries < 100 && !watcher.seen.includes(last); tries++) await pause(retryMs);
      await watcher.stop();
      const { body } = await forWrites.get<{ items?: readonly KubeObject[] }>(labelled);
      const there = new Set((body.items ?? []).map(nameOf));
      await Promise.all([forWrites, forWatches].map((client) => client[Symbol.asyncDispose]()));
      const { acknowledged } = writer;
      const seen = new Set(watcher.seen);
      return {
        written: acknowledged.length,
        longestMs: writer.longestMs(),
        faults: [
          ...writer.faults,
          ...watcher.faults,
          ...acknowledged.filter((name) => !there.has(name)).map((name) => `${name} was acknowledged and is lost`),
          ...acknowledged.filter((name) => !seen.has(name)).map((name) => `${name} was not seen by the watch`),
          ...duplicatesOf(watcher.seen).map((name) => `${name} was seen twice`),
        ],
      };
    },
  };
}
