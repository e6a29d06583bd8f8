/**
 * A registry over memory with the real definitions and strategies, for the tests of this package.
 */

import type { ClusterName, KubeObject, StatusError, UserInfo } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createSystemRandom, createSystemTurns } from '@kcp-ts/base';
import { resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { RegistryDependencies, ServedResource, Written } from '@kcp-ts/registry';
import {
  create,
  noAdmission,
  noStrategy,
  objectKey,
  remove,
  servedObject,
  storedObject,
  update,
} from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore } from '@kcp-ts/storage';
import { conversionOf, createStrategies } from '../kind-code.ts';
import type { KindDependencies } from '../kind-dependencies.ts';
import { allKinds } from '../kinds.ts';

export const cluster = 'here' as ClusterName;

export interface TestRegistry extends AsyncDisposable {
  readonly store: Store;
  readonly registry: RegistryDependencies;
  served(apiVersion: string, plural: string): ServedResource;
  /** Creates in the namespace that the object names. */
  create(plural: string, object: object): Promise<KubeObject>;
  update(plural: string, object: KubeObject, subresource?: string): Promise<KubeObject>;
  remove(plural: string, object: KubeObject): Promise<KubeObject>;
  get(plural: string, object: KubeObject, apiVersion?: string): KubeObject | undefined;
  /** Stores an object as it is, past its strategy, and shows it. */
  seed(plural: string, object: KubeObject): Promise<KubeObject>;
}

export interface TestRegistryOptions {
  readonly user?: UserInfo;
  clusterDeleting?(): boolean;
  /** Everybody may by default. */
  maySign?(user: UserInfo, verb: 'approve' | 'sign', name: string): boolean;
  /** What strategies take from the server, where a test says it. */
  readonly deps?: Partial<KindDependencies>;
}

export const testTime = '2026-11-21T03:00:00Z';

const clock: Clock = {
  now: () => Date.parse(testTime),
  monotonic: () => 0,
  setTimer: () => ({ [Symbol.dispose]: () => undefined }),
};

export function createTestRegistry(options: TestRegistryOptions = {}): TestRegistry {
  const store = createMemoryStore({ clock });
  const random = createSystemRandom();
  // Without what makes a workspace: its types and its plan.
  const deps: Partial<KindDependencies> = {
    isBuiltin: (group, plural) =>
      resources.some(({ definition }) => definition.group === group && definition.plural === plural),
    pathOf: (of) => `root:${of}`,
    resolve: (path) => path.split(':').at(-1) as ClusterName | undefined,
    mayBind: () => true,
    meantBy: () => undefined,
    clustersOn: () => 0,
    maySign: (user, _cluster, verb, name) => options.maySign?.(user, verb, name) ?? true,
    served: (group, plural) => served(group === '' ? 'v1' : `${group}/v1`, plural),
    uuid: random.uuid,
    shardNumber: 0,
    caBundle: 'the CA',
    label: () => undefined,
    clusterDeleting: () => options.clusterDeleting?.() === true,
    ...options.deps,
  };
  const strategies = createStrategies(allKinds, deps as KindDependencies);
  const resources = resourcesOfDefinitions(
    allKinds.map(({ definition }) => definition),
    () => '-',
    { kind: 'builtin' },
    {
      schemas: createSchemaCache(),
      strategy: (name) => strategies[name] ?? noStrategy,
      conversion: conversionOf,
    },
  );
  function served(apiVersion: string, plural: string): ServedResource {
    const found = resources.find(
      (resource) => resource.apiVersion === apiVersion && resource.definition.plural === plural,
    );
    if (found === undefined) throw new RangeError(`Cannot find ${plural} in ${apiVersion}`);
    return found;
  }
  const registry: RegistryDependencies = {
    store,
    clock,
    turns: createSystemTurns(clock),
    random,
    shardNumber: 0,
    admission: noAdmission,
    logicalClusterKey: () => undefined,
  };
  const request = (plural: string, object: KubeObject, subresource = '') => ({
    served: served(object.apiVersion, plural),
    cluster,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    user: options.user ?? { name: 'ann', groups: ['dev'] },
    dryRun: false,
    subresource,
    fieldValidation: 'Strict' as const,
    warn: () => undefined,
  });
  const read = (from: { readonly served: ServedResource }, written: Written) =>
    servedObject(from.served, written.value);
  return {
    store,
    registry,
    served,
    async create(plural, object) {
      const from = request(plural, object as KubeObject);
      return read(from, await create(registry, from, structuredClone(object) as KubeObject, []));
    },
    async update(plural, object, subresource) {
      const from = request(plural, object, subresource);
      const change = () => ({ object: structuredClone(object), duplicates: [] });
      return read(from, await update(registry, { ...from, change, replaces: true }));
    },
    async remove(plural, object) {
      const from = request(plural, object);
      return servedObject(from.served, (await remove(registry, from)).value);
    },
    get(plural, object, apiVersion = object.apiVersion) {
      const from = request(plural, { ...object, apiVersion });
      const entry = store.peek(
        `${from.served.prefix}${cluster}/${from.served.definition.namespaced ? from.namespace : ''}/${from.name}`,
      );
      return entry === undefined ? undefined : servedObject(from.served, entry.value);
    },
    async seed(plural, object) {
      const from = served(object.apiVersion, plural);
      const key = objectKey(from, cluster, object.metadata.namespace ?? '', object.metadata.name);
      await store.commit([
        {
          op: 'put',
          key,
          expect: 'absent',
          value: (revision) => storedObject(from, structuredClone(object), revision, 0),
        },
      ]);
      return servedObject(from, store.peek(key)?.value ?? new Uint8Array());
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
    },
  };
}

/**
 * The messages of a refusal's causes, as `field: message`; the refusal's message where it has none.
 */
export async function refusal(attempt: Promise<unknown>): Promise<readonly string[]> {
  try {
    await attempt;
  } catch (thrown) {
    const { details, message } = thrown as StatusError;
    return details?.causes?.map((cause) => `${cause.field}: ${cause.message}`) ?? [message];
  }
  return [];
}
