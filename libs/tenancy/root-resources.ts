/**
 * The kinds that root exports, as this shard itself stores and serves them: under the identities of
 * root's exports, which are known once it has been bootstrapped.
 */
import type { IdentityHash, ResourceDefinition } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import { resourcePrefix } from '@kcp-ts/storage';
import type { KnownIdentities } from './bootstrap/bootstrap-dependencies.ts';
import type { RootExport } from './root-exports.ts';

/** A resource of one of root's exports, as bindings name it. */
export interface RootResource {
  readonly group: string;
  readonly resource: string;
  readonly identityHash: IdentityHash;
  readonly exportName: string;
}

export interface RootResources {
  readonly identities: KnownIdentities;
  /** Where objects of a kind are stored. */
  prefix(group: string, plural: string): string;
  /**
   * The storage version of a kind. Throws where it is not one of root's exports, or their
   * identities are not known.
   */
  served(group: string, plural: string): ServedResource;
}

/** Where nothing is stored: the identity of exports that are not known yet. */
const nobodysIdentity = '0'.repeat(64) as IdentityHash;

/**
 * The definitions that a resource of root's exports has here, whatever is stored of its schema;
 * undefined for other resources.
 */
export function rootDefinitionsOf(
  exports: readonly RootExport[],
  { exportName, group, resource }: Omit<RootResource, 'identityHash'>,
): readonly ResourceDefinition[] | undefined {
  const definitions = exports
    .find(({ name }) => name === exportName)
    ?.definitions.filter((definition) => definition.group === group && definition.plural === resource);
  return definitions === undefined || definitions.length === 0 ? undefined : definitions;
}

/** `serve`: the storage version of a resource of root's exports. */
export function createRootResources(
  exports: readonly RootExport[],
  serve: (resource: RootResource) => ServedResource | undefined,
): RootResources {
  const exportOf = (group: string, plural: string) =>
    exports.find(({ definitions }) =>
      definitions.some((definition) => definition.group === group && definition.plural === plural),
    );
  const hashes = new Map<string, IdentityHash>();
  const own = new Map<string, ServedResource>();
  return {
    identities: { get: (name) => hashes.get(name), set: (name, hash) => void hashes.set(name, hash) },
    prefix(group, plural) {
      const exported = exportOf(group, plural);
      const identity = exported === undefined ? undefined : hashes.get(exported.name);
      return resourcePrefix(group, plural, identity ?? nobodysIdentity);
    },
    served(group, plural) {
      const exported = exportOf(group, plural);
      const identityHash = exported === undefined ? undefined : hashes.get(exported.name);
      if (exported === undefined || identityHash === undefined)
        throw new Error(`Cannot serve ${plural}.${group}: it is neither built in nor exported by root`);
      const key = `${group}/${plural}@${identityHash}`;
      let served = own.get(key);
      if (served === undefined) {
        served = serve({ group, resource: plural, identityHash, exportName: exported.name });
        if (served === undefined)
          throw new Error(`Cannot serve ${plural}.${group}: root's export has no definition of it`);
        own.set(key, served);
      }
      return served;
    },
  };
}
