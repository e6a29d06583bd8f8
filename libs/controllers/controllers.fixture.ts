/** What the table tests of controllers share: objects by key, and what a controller is made of. */
import type { IdentityHash, KubeObject, ResourceDefinition } from '@kcp-ts/api';
import type { Random } from '@kcp-ts/base';
import { resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { Source } from '@kcp-ts/controller-runtime';
import type { TestEnvironment, TestObject } from '@kcp-ts/controller-runtime/testing';
import { builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import type { ServedResource } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { ParsedReader } from '@kcp-ts/storage';
import { createParsedReader, formatKey, resourcePrefix } from '@kcp-ts/storage';
import type { WorkspaceTypes } from '@kcp-ts/tenancy';
import { createWorkspaceTypes } from '@kcp-ts/tenancy';
import type { BindingIndex } from './binding-index.ts';
import { createBindingIndex } from './binding-index.ts';
import type { ControllerDependencies } from './writer.ts';

/** When the clock of a test stands still, as timestamps have it. */
export const testTime = '2026-06-01T00:00:00Z';

/** The identity of the kinds that root exports. */
export const rootIdentity = 'a'.repeat(64) as IdentityHash;

const exported = rootExports.flatMap(({ definitions }) => definitions);
const unexported = [...builtinDefinitions, ...systemDefinitions];

function identityOf(definition: ResourceDefinition): IdentityHash | '-' {
  return exported.includes(definition) ? rootIdentity : '-';
}

let resources: ReadonlyMap<string, ServedResource> | undefined;

/** Schemas are compiled once for all tests of a file. */
function served(group: string, plural: string): ServedResource {
  resources ??= new Map(
    resourcesOfDefinitions(
      [...unexported, ...exported],
      identityOf,
      { kind: 'builtin' },
      { schemas: createSchemaCache(), strategy: () => ({}), conversion: () => undefined },
    ).map(({ storage }) => [`${storage.definition.group}/${storage.definition.plural}`, storage]),
  );
  const found = resources.get(`${group}/${plural}`);
  if (found === undefined) throw new Error(`There is no ${plural}.${group}`);
  return found;
}

/** Where the objects of a resource are stored. */
export function prefixOf(group: string, plural: string): string {
  const { definition } = served(group, plural);
  return resourcePrefix(group, plural, identityOf(definition));
}

/** The key of an object of a resource in a cluster. */
export function keyOf(cluster: string, group: string, plural: string, name: string, namespace = ''): string {
  return formatKey({
    group,
    resource: plural,
    identity: identityOf(served(group, plural).definition),
    cluster,
    namespace,
    name,
  });
}

/** Objects of a cluster, by their keys; what is built in is found by its kind. */
export function inCluster(cluster: string, ...objects: readonly KubeObject[]): Readonly<Record<string, TestObject>> {
  const entries = objects.map((object) => {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    const definition = [...unexported, ...exported].find((each) => each.group === group && each.kind === kind);
    if (definition === undefined) throw new Error(`There is no kind ${kind} in the group ${JSON.stringify(group)}`);
    return [keyOf(cluster, group, definition.plural, metadata.name, metadata.namespace), object] as const;
  });
  return Object.fromEntries(entries);
}

/** A LogicalCluster, which every cluster has. */
export function logicalCluster(
  parts: { readonly [field: string]: unknown; readonly metadata?: object } = {},
): KubeObject {
  return {
    apiVersion: 'core.kcp.io/v1alpha1',
    kind: 'LogicalCluster',
    ...parts,
    metadata: { name: 'cluster', ...parts.metadata },
  };
}

/** The same in each run. */
function countingRandom(): Random {
  let count = 0;
  return {
    bytes: (length) => new Uint8Array(length).fill(++count),
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    integer: () => 0,
  };
}

export function dependenciesOf({ store, clock }: TestEnvironment): ControllerDependencies {
  return { store, clock, random: countingRandom(), shardNumber: 1, served };
}

export function readerOf({ store, hub }: TestEnvironment): ParsedReader {
  const reader = createParsedReader(store, 100);
  hub.onChanges((changes) => {
    for (const { event } of changes) reader.changed(event.key);
  });
  return reader;
}

export async function bindingIndexOf({ store, hub }: TestEnvironment): Promise<BindingIndex> {
  const index = createBindingIndex(store);
  hub.onChanges((changes) => {
    for (const change of changes) index.changed(change);
  });
  await index.load();
  return index;
}

/** A source by hand. */
export function announcer(): { readonly source: Source; announce(keys: readonly string[]): void } {
  const listeners = new Set<(keys: readonly string[]) => void>();
  return {
    source: {
      subscribe(enqueue) {
        listeners.add(enqueue);
        return { [Symbol.dispose]: () => void listeners.delete(enqueue) };
      },
    },
    announce(keys) {
      for (const enqueue of listeners) enqueue(keys);
    },
  };
}

/** Clusters below root have their name as the last part of their path. */
export function resolvePath(path: string): string | undefined {
  return path.split(':').at(-1);
}

export function pathOf(cluster: string): string {
  return cluster === 'root' ? 'root' : `root:${cluster}`;
}

/** The WorkspaceTypes of the store. */
export function typesOf(environment: TestEnvironment): WorkspaceTypes {
  return createWorkspaceTypes({
    reader: readerOf(environment),
    resolve: resolvePath,
    pathOf,
    parentOf: () => 'root',
    typesPrefix: () => prefixOf('tenancy.kcp.io', 'workspacetypes'),
  });
}
