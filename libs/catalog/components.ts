/**
 * Where components come from: bound resources through the copies of their schemas, CRDs through
 * their specs. Both cached by content, weakly.
 */
import { createHash } from 'node:crypto';
import type { KubeObject, LogicalClusterName, ResourceDefinition } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import { definitionsOfApiResourceSchema, definitionsOfCustomResourceDefinition } from '@kcp-ts/schema';
import type { ApiBinding } from '@kcp-ts/sharing';
import { boundSchemaKey, wasLimited } from '@kcp-ts/sharing';
import type { Entry, Store } from '@kcp-ts/storage';
import { hasText, parseKey, parseStored } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import type { BoundResource, Component } from './component.ts';
import type { ResourceDefinitionDependencies } from './definitions-to-resources.ts';
import { resourcesOfDefinitions } from './definitions-to-resources.ts';

interface Binding extends KubeObject {
  readonly spec?: { readonly reference?: { readonly export?: { readonly name?: string } } };
  readonly status?: {
    readonly apiExportClusterName?: LogicalClusterName;
    readonly boundResources?: readonly {
      readonly group: string;
      readonly resource: string;
      readonly schema: { readonly UID: string; readonly identityHash: string };
    }[];
  };
}

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const endingVerbs = ['delete', 'deletecollection', 'get', 'list', 'watch'] as const;

/**
 * What is going away says that it can be emptied. Objects may still be changed, for their
 * finalizers. (kcp and apiextensions, customresource_discovery_controller.go)
 */
function discoveredDefinitions(
  definitions: readonly ResourceDefinition[],
  terminating: boolean,
): readonly ResourceDefinition[] {
  return terminating ? definitions.map((definition) => ({ ...definition, verbs: endingVerbs })) : definitions;
}

/** Components of definitions that were looked at last; each is a key and a hash. */
const recentDefinitionsMax = 10_000;

/** What an APIBinding object binds now; what has no valid identity is not bound. */
export function boundResourcesOf(binding: KubeObject): readonly BoundResource[] {
  const { metadata, spec, status } = binding as Binding;
  return (status?.boundResources ?? []).flatMap(({ group, resource, schema }) => {
    const identityHash = parseIdentityHash(schema.identityHash);
    if (identityHash === undefined) return [];
    return {
      group,
      resource,
      schemaUid: schema.UID,
      identityHash,
      exportCluster: status?.apiExportClusterName ?? '',
      exportName: spec?.reference?.export?.name ?? '',
      terminating: metadata.deletionTimestamp !== undefined,
      limited: wasLimited(binding as ApiBinding),
    };
  });
}

export interface Components {
  ofBinding(entry: Entry): readonly Component[];
  ofCrd(entry: Entry): Component | undefined;
  /**
   * The resources of an exported schema, for views that do not go through a binding: the schema
   * need not be bound by anybody.
   */
  ofExported(bound: BoundResource, schema: KubeObject): Component;
}

export interface ComponentDependencies extends ResourceDefinitionDependencies {
  readonly store: Store;
  /**
   * The definitions of what the server's own exports bring: their strategies are built in.
   * Undefined for everybody else's.
   */
  ownDefinitions(bound: BoundResource): readonly ResourceDefinition[] | undefined;
}

export function createComponents(deps: ComponentDependencies): Components {
  const shared = new Map<string, WeakRef<readonly ServedResource[]>>();
  // A surface holds single resources: as long as one of them is referenced, its siblings are not
  // made again.
  const siblings = new WeakMap<ServedResource, readonly ServedResource[]>();
  const gone = new FinalizationRegistry<string>((key) => {
    if (shared.get(key)?.deref() === undefined) shared.delete(key);
  });
  const definitions = new LRUCache<string, { readonly hash: string; readonly terminating: boolean } | 'not-served'>({
    max: recentDefinitionsMax,
  });

  function once(key: string, make: () => readonly ServedResource[]): readonly ServedResource[] {
    const known = shared.get(key)?.deref();
    if (known !== undefined) return known;
    const made = make();
    shared.set(key, new WeakRef(made));
    for (const served of made) siblings.set(served, made);
    gone.register(made, key);
    return made;
  }

  function keptSchema(uid: string): KubeObject | undefined {
    const entry = deps.store.get(boundSchemaKey(uid));
    return entry === undefined ? undefined : parseStored<KubeObject>(entry.value);
  }

  function boundComponent(bound: BoundResource, schemaOf: () => KubeObject | undefined): Component {
    const key = `bound ${bound.group}/${bound.resource} ${bound.schemaUid} ${bound.identityHash} ${bound.exportCluster} ${bound.exportName} ${bound.terminating} ${bound.limited}`;
    const make = () => {
      const own = deps.ownDefinitions(bound);
      const schema = own === undefined ? schemaOf() : undefined;
      if (own === undefined && schema === undefined) return [];
      const definitions = own ?? definitionsOfApiResourceSchema(schema as KubeObject);
      const { exportCluster, exportName, terminating, limited } = bound;
      return resourcesOfDefinitions(
        discoveredDefinitions(definitions, terminating),
        () => bound.identityHash,
        { kind: 'bound', exportCluster, exportName, terminating, limited },
        deps,
      );
    };
    return { key, resources: () => once(key, make) };
  }

  function definitionOf(entry: Entry): { readonly hash: string; readonly terminating: boolean } | 'not-served' {
    const id = `${entry.key}@${entry.revision}`;
    const known = definitions.get(id);
    if (known !== undefined) return known;
    const object = parseStored<Definition>(entry.value);
    const established =
      object.status?.conditions?.some(
        (condition) => condition.type === 'Established' && condition.status === 'True',
      ) === true;
    const found = established
      ? {
          hash: createHash('sha256').update(JSON.stringify(object['spec'])).digest('base64'),
          terminating: object.metadata.deletionTimestamp !== undefined,
        }
      : ('not-served' as const);
    definitions.set(id, found);
    return found;
  }

  return {
    ofExported: (bound, schema) => boundComponent(bound, () => schema),
    ofBinding: (entry) =>
      // A binding that is new has none yet.
      hasText(entry.value, '"boundResources"')
        ? boundResourcesOf(parseStored<KubeObject>(entry.value)).map((bound) =>
            boundComponent(bound, () => keptSchema(bound.schemaUid)),
          )
        : [],
    ofCrd(entry) {
      const found = definitionOf(entry);
      if (found === 'not-served') return undefined;
      const { hash, terminating } = found;
      const key = `crd ${hash} ${terminating}`;
      const { name } = parseKey(entry.key);
      const make = () =>
        resourcesOfDefinitions(
          discoveredDefinitions(
            definitionsOfCustomResourceDefinition(parseStored<KubeObject>(entry.value)),
            terminating,
          ),
          () => 'customresources',
          { kind: 'crd', name, terminating },
          deps,
        );
      return { key, resources: () => once(key, make) };
    },
  };
}
