/**
 * What a shard serves: the kinds that are built in, those that root exports, and what logical
 * clusters bind or define. Definitions are served before strategies can be made, because strategies
 * read what is served.
 */

import type { Catalog, Components, ResourceDefinitionDependencies } from '@kcp-ts/catalog';
import { createCatalog, createComponents, createStrategyTable, resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { ServedResource } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { Store } from '@kcp-ts/storage';
import type { RootResources } from '@kcp-ts/tenancy';
import { createRootResources, rootDefinitionsOf } from '@kcp-ts/tenancy';
import { conversionOf, createStrategies } from './kind-code.ts';
import type { KindDependencies } from './kind-dependencies.ts';
import { allKinds, builtinDefinitions, rootExports, systemDefinitions } from './kinds.ts';

export interface ServedKindsDependencies {
  readonly store: Store;
  /** How many logical clusters, and how many API surfaces, the catalog keeps in memory. */
  readonly clustersMax: number;
  readonly surfacesMax: number;
}

/** `identities`: of root's own exports, known once the shard has been bootstrapped. */
export interface ServedKinds extends RootResources {
  readonly catalog: Catalog;
  readonly components: Components;
  /**
   * The storage version of a kind that is built in, of the system's, or of one that root exports.
   * Throws for any other.
   */
  served(group: string, plural: string): ServedResource;
  /** Whether a resource is built in or the system's: no export brings one of that name. */
  isBuiltin(group: string, plural: string): boolean;
  /** Gives all kinds their strategies, once. Throws where a kind names one that is not there. */
  defineStrategies(deps: KindDependencies): void;
}

export function createServedKinds({ store, clustersMax, surfacesMax }: ServedKindsDependencies): ServedKinds {
  const strategies = createStrategyTable();
  const deps: ResourceDefinitionDependencies = {
    schemas: createSchemaCache(),
    strategy: strategies.of,
    conversion: conversionOf,
  };
  const builtin = { kind: 'builtin' } as const;
  const base = resourcesOfDefinitions([...builtinDefinitions, ...systemDefinitions], () => '-', builtin, deps);
  const components = createComponents({
    ...deps,
    store,
    ownDefinitions: (bound) => (bound.exportCluster === 'root' ? rootDefinitionsOf(rootExports, bound) : undefined),
  });
  const root = createRootResources(rootExports, (resource) => {
    const bound = { ...resource, schemaUid: 'own', exportCluster: 'root', terminating: false, limited: false };
    return components.ofExported(bound, { apiVersion: '', kind: '', metadata: { name: '' } }).resources()[0];
  });
  const catalog = createCatalog({
    store,
    base,
    componentsOfBinding: components.ofBinding,
    componentOfCrd: components.ofCrd,
    clustersMax,
    surfacesMax,
  });
  return {
    ...root,
    catalog,
    components,
    served: (group, plural) => catalog.base.findAny(group, plural) ?? root.served(group, plural),
    isBuiltin: (group, plural) => catalog.base.findAny(group, plural) !== undefined,
    defineStrategies(kindDeps) {
      const definitions = allKinds.map(({ definition }) => definition);
      strategies.define(createStrategies(allKinds, kindDeps), definitions);
    },
  };
}
