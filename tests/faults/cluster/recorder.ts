/** Asks an installation, remembers the answers, and counts who was served. */
import type { KubeObject } from '@kcp-ts/api';
import type { ApiClient } from '../../harness/api-client.ts';
import { configMapsOf, field } from '../../harness/objects.ts';
import type { Answer, Operation, Shown } from '../history/history.ts';

export interface LoadTarget {
  /** The workspace's path. */
  readonly path: string;
  readonly cluster: string;
  readonly shard: string;
}

/** A way to an installation: a front-proxy, or straight at the shard. */
export interface Way {
  readonly name: string;
  client(shard: string): ApiClient;
  /** Called when an answer did not come, or was not one. */
  failed(shard: string): void;
}

/**
 * What is written: ConfigMaps, which stay on their shard, and cowboys, which a provider sees of
 * all.
 */
export interface Collection {
  readonly resource: 'configmaps' | 'cowboys';
  readonly target: LoadTarget;
  readonly path: string;
}

export interface Served {
  readonly requests: number;
  readonly failed: number;
}

export interface Recorder {
  readonly operations: Operation[];
  /** Answers that no server should give. */
  readonly odd: readonly string[];
  create(way: Way, collection: Collection, name: string): Promise<Answer>;
  read(way: Way, collection: Collection, name: string): Promise<Answer>;
  update(way: Way, collection: Collection, name: string, from: bigint): Promise<Answer>;
  remove(way: Way, collection: Collection, name: string, from: bigint): Promise<Answer>;
  /**
   * Requests to a shard's workspaces that came that way, and those that were not answered as they
   * should or within five seconds.
   */
  served(shard: string, way: string): Served;
}

const answerMs = 5_000;

export function collectionsOf(target: LoadTarget, cowboys: string): readonly Collection[] {
  return [
    { resource: 'configmaps', target, path: configMapsOf(target.path) },
    { resource: 'cowboys', target, path: `/clusters/${target.path}${cowboys}` },
  ];
}

export function objectName({ resource, target }: Collection, name: string): string {
  return `${target.cluster}/${resource}/${name}`;
}

/** What of an object a history needs; undefined for what no load wrote. */
export function shown(object: KubeObject, resource: Collection['resource']): Shown | undefined {
  const write = field(object, resource === 'configmaps' ? 'data.write' : 'spec.intent');
  const { name, resourceVersion, annotations } = object.metadata;
  if (typeof write !== 'string' || resourceVersion === undefined) return undefined;
  return { object: `${annotations?.['kcp.io/cluster']}/${resource}/${name}`, version: BigInt(resourceVersion), write };
}

function bodyOf({ resource }: Collection, name: string, write: string, from?: bigint): object {
  const metadata = { name, ...(from === undefined ? {} : { resourceVersion: String(from) }) };
  return resource === 'configmaps'
    ? { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { write } }
    : { apiVersion: 'wild.west/v1alpha1', kind: 'Cowboy', metadata, spec: { intent: write } };
}

/** Rejects when it takes too long; the answer, if it still comes, is nobody's. */
function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    void answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function answerOf(kind: Operation['kind'], status: number, body: KubeObject, resource: Collection['resource']): Answer {
  if (status === 200 || status === 201) {
    if (kind === 'delete') return { kind: 'deleted' };
    const found = shown(body, resource);
    if (found !== undefined) return { kind: 'version', version: found.version, write: found.write };
  }
  if (status === 404 && kind !== 'create' && field(body, 'details.kind') === resource) return { kind: 'absent' };
  if (status === 409) return { kind: kind === 'create' ? 'exists' : 'conflict' };
  // No status at all is a connection that broke.
  return { kind: status >= 400 && status < 500 ? 'refused' : 'unknown' };
}

/** `label`: goes before the texts of its writes, so that they are no other load's. */
export function createRecorder(label: string): Recorder {
  const operations: Operation[] = [];
  const odd: string[] = [];
  const counts = new Map<string, { requests: number; failed: number }>();
  let writes = 0;

  function countOf(shard: string, way: string): { requests: number; failed: number } {
    const key = `${shard} ${way}`;
    let count = counts.get(key);
    if (count === undefined) {
      count = { requests: 0, failed: 0 };
      counts.set(key, count);
    }
    return count;
  }

  async function ask(
    way: Way,
    collection: Collection,
    operation: Pick<Operation, 'kind' | 'write' | 'from'> & { readonly name: string },
    request: (client: ApiClient) => Promise<{ readonly status: number; readonly body: KubeObject }>,
  ): Promise<Answer> {
    const { name, ...rest } = operation;
    const { shard } = collection.target;
    const count = countOf(shard, way.name);
    const startedAt = performance.now();
    let answer: Answer = { kind: 'unknown' };
    try {
      const { status, body } = await within(answerMs, request(way.client(shard)));
      answer = answerOf(operation.kind, status, body, collection.resource);
      // The workspace and its API are there all the time: a service that finds neither has
      // forgotten something.
      if (status === 404 && answer.kind !== 'absent')
        odd.push(
          `${operation.kind} of ${objectName(collection, name)} by ${way.name}, from ${startedAt} to ${performance.now()}: ${JSON.stringify(body)}`,
        );
    } catch {
      // A connection that broke or an answer that did not come: what became of it is unknown.
    }
    count.requests++;
    if (answer.kind === 'unknown' || answer.kind === 'refused') {
      count.failed++;
      way.failed(shard);
    }
    const object = objectName(collection, name);
    operations.push({ ...rest, object, by: way.name, startedAt, endedAt: performance.now(), answer });
    return answer;
  }

  const newWrite = () => `${label}-${++writes}`;
  return {
    operations,
    odd,
    create(way, collection, name) {
      const write = newWrite();
      return ask(way, collection, { kind: 'create', name, write }, (client) =>
        client.post(collection.path, bodyOf(collection, name, write)),
      );
    },
    read: (way, collection, name) =>
      ask(way, collection, { kind: 'read', name }, (client) => client.get(`${collection.path}/${name}`)),
    update(way, collection, name, from) {
      const write = newWrite();
      return ask(way, collection, { kind: 'update', name, write, from }, (client) =>
        client.put(`${collection.path}/${name}`, bodyOf(collection, name, write, from)),
      );
    },
    remove(way, collection, name, from) {
      const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion: String(from) } };
      return ask(way, collection, { kind: 'delete', name, from }, (client) =>
        client.request('DELETE', `${collection.path}/${name}`, options),
      );
    },
    served: (shard, way) => countOf(shard, way),
  };
}
