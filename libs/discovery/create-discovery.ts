import type { ResourceDefinition } from '@kcp-ts/api';
import type { AggregatedVersion } from './aggregated.ts';
import { aggregatedList } from './aggregated.ts';
import type { Document } from './document.ts';
import { lazyJson, lazyText } from './document.ts';
import type { GroupDefinitions } from './group-definitions.ts';
import { groupDefinitions } from './group-definitions.ts';
import { groupEntry, resourceList } from './resource-list.ts';

export type { Document } from './document.ts';

/**
 * The discovery documents of one API surface. Each is made on first use and kept; functions need no
 * `this`.
 */
export interface Discovery {
  /** `/api`: an APIVersions. */
  api(): Document;
  /** `/apis`: an APIGroupList. */
  apis(): Document;
  /** `/apis/<group>`: an APIGroup; undefined where the surface has no such group. */
  group(name: string): Document | undefined;
  /**
   * `/apis/<group>/<version>` or `/api/<version>`: an APIResourceList; undefined where the surface
   * has no such version.
   */
  groupVersion(group: string, version: string): Document | undefined;
  /** `/api` in aggregated form. */
  aggregatedApi(version: AggregatedVersion): Document;
  /** `/apis` in aggregated form. */
  aggregatedApis(version: AggregatedVersion): Document;
  /** `/`: the paths that are served. */
  rootPaths(): Document;
}

export interface DiscoveryOptions {
  /**
   * `host:port` that clients of any network reach the server at; without it the answers name no
   * address.
   */
  readonly serverAddress?: string | undefined;
}

/**
 * Without core resources there still is a version v1, empty in lists and absent as a path: what
 * clients take from a server of custom kinds alone.
 */
const emptyCore: GroupDefinitions = { name: '', versions: [{ version: 'v1', definitions: [] }] };

function pathsOf(groups: readonly GroupDefinitions[]): string[] {
  const paths = [
    ...['/.well-known/openid-configuration', '/openid/v1/jwks'],
    ...['/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/readyz', '/version'],
  ];
  for (const { name, versions } of groups) {
    const root = name === '' ? '/api' : `/apis/${name}`;
    paths.push(root, ...versions.map(({ version }) => `${root}/${version}`));
  }
  return [...new Set([...paths, '/api', '/apis', '/apis/'])].sort();
}

/**
 * Groups of Kubernetes' own tell clients where to reach the server; groups of custom kinds do not.
 */
function isBuiltin(group: GroupDefinitions): boolean {
  return group.versions.some(({ definitions }) => definitions.some((definition) => definition.dialect === 'builtin'));
}

function lazyAggregated(groups: readonly GroupDefinitions[]): (version: AggregatedVersion) => Document {
  const forms = {
    v2: lazyText(() => aggregatedList(groups, 'v2')),
    v2beta1: lazyText(() => aggregatedList(groups, 'v2beta1')),
  };
  return (version) => forms[version]();
}

/** The discovery of a set of resources, given in the order in which each version lists them. */
export function createDiscovery(definitions: readonly ResourceDefinition[], options: DiscoveryOptions = {}): Discovery {
  const all = groupDefinitions(definitions);
  const core = all.find(({ name }) => name === '');
  const named = all.filter(({ name }) => name !== '');
  const { serverAddress } = options;
  const addresses = serverAddress === undefined ? [] : [{ clientCIDR: '0.0.0.0/0', serverAddress }];
  const addressed = (group: GroupDefinitions): object =>
    addresses.length > 0 && isBuiltin(group) ? { serverAddressByClientCIDRs: addresses } : {};

  const byGroup = new Map(
    named.map((group) => [group.name, lazyJson(() => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) }))]),
  );
  const byVersion = new Map(
    all.flatMap(({ name, versions }) =>
      versions.map(
        (version) => [`${name}/${version.version}`, lazyJson(() => resourceList(version.definitions))] as const,
      ),
    ),
  );
  return {
    api: lazyJson(() => ({
      kind: 'APIVersions',
      versions: (core ?? emptyCore).versions.map(({ version }) => version),
      serverAddressByClientCIDRs: addresses,
    })),
    apis: lazyJson(() => ({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: named.map((group) => ({ ...groupEntry(group), ...addressed(group) })),
    })),
    group: (name) => byGroup.get(name)?.(),
    groupVersion: (group, version) => byVersion.get(`${group}/${version}`)?.(),
    aggregatedApi: lazyAggregated([core ?? emptyCore]),
    aggregatedApis: lazyAggregated(named),
    rootPaths: lazyJson(() => ({ paths: pathsOf(all) })),
  };
}
