/**
 * What a request is about once its target is resolved: a definition, where its objects are stored,
 * its compiled schema and its strategy. Built once per API surface by the catalog, shared by every
 * workspace with that surface, looked up once per request.
 */

import type {
  ClusterName,
  FieldError,
  KeyIdentity,
  KubeObject,
  LogicalClusterName,
  ResourceDefinition,
  Revision,
  UserInfo,
} from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { CompiledSchema } from '@kcp-ts/schema';
import type { Operation } from '@kcp-ts/storage';
import { resourcePrefix } from '@kcp-ts/storage';

/**
 * Between a served version and the one that is stored. Both may change their argument and return
 * it.
 */
export interface Conversion {
  /**
   * `toStorage` reads fields from where the schema of the served version does not look, such as
   * annotations: what it makes is checked by the schema of the storage version as well. Others keep
   * what was checked.
   */
  readonly addsFields?: boolean;
  toStorage(object: KubeObject): KubeObject;
  fromStorage(object: KubeObject): KubeObject;
}

/** How a resource came into the surface, where it is not built in. */
export type Origin =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'crd'; readonly name: string; readonly terminating: boolean }
  | {
      readonly kind: 'bound';
      readonly exportCluster: LogicalClusterName;
      readonly exportName: string;
      readonly terminating: boolean;
      /** The export had a maximal permission policy when the binding last saw it. */
      readonly limited: boolean;
    };

/** What a hook gets of the write that it is part of. */
/** The definition or binding that brings a cluster a resource which is not built in. */
export interface ResourceOrigin {
  readonly key: string;
  /** Of that which the resource was read from: one that is made again has another. */
  readonly createRevision: Revision;
}

export interface WriteContext {
  /** In its storage version. */
  readonly served: ServedResource;
  /** In the version that the client speaks. */
  readonly requested: ServedResource;
  /** Where the resource comes from; undefined for what is built in. */
  readonly servedBy?: ResourceOrigin | undefined;
  readonly cluster: ClusterName;
  readonly namespace: string;
  readonly user: UserInfo;
  /** RFC 3339 in seconds, the time of this write. */
  readonly timestamp: string;
  readonly dryRun: boolean;
  /** '' for the object itself. */
  readonly subresource: string;
  /** Long work gives way to others here. */
  readonly slices: Slices;
  /** Adds a `Warning:` header to the answer. */
  warn(text: string): void;
}

/**
 * What a definition cannot say. A strategy sees objects in their storage version; it may change
 * what it is given in `prepare…`, names what is wrong in `validate…`, and refuses in `admit…` by
 * throwing a StatusError. `accompany…` adds operations to the same commit.
 */
export interface Strategy {
  /**
   * A deletion marks the object and leaves the removal to a controller, even without finalizers.
   */
  readonly deletesLater?: boolean;
  /**
   * Of a kind that deletes later: whether a write has left nothing to wait for, so that a marked
   * object without finalizers goes with it.
   */
  mayGo?(object: KubeObject): boolean;
  /** Milliseconds after which a stored object expires. */
  readonly timeToLiveMs?: number;
  /** Fields of the status that a create keeps although the definition has a status subresource. */
  readonly keepsStatusOnCreate?: boolean;
  prepareCreate?(object: KubeObject, context: WriteContext): void;
  prepareUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  validateCreate?(object: KubeObject, context: WriteContext): readonly FieldError[] | Promise<readonly FieldError[]>;
  validateUpdate?(
    object: KubeObject,
    old: KubeObject,
    context: WriteContext,
  ): readonly FieldError[] | Promise<readonly FieldError[]>;
  admitCreate?(object: KubeObject, context: WriteContext): void | Promise<void>;
  admitUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void | Promise<void>;
  admitDelete?(object: KubeObject, context: WriteContext): void | Promise<void>;
  /**
   * More operations for the commit that creates the object; the object may still be changed.
   * Nothing when it is a dry run.
   */
  accompanyCreate?(object: KubeObject, context: WriteContext): readonly Operation[];
  /** Changes an object that is about to be marked as deleted (a namespace's phase). */
  prepareDelete?(object: KubeObject, context: WriteContext): void;
}

export const noStrategy: Strategy = {};

export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly apiVersion: string;
  readonly schema: CompiledSchema;
  /**
   * The first 16 hex digits of a hash over API version, kind and schema: what stored values carry.
   */
  readonly fingerprint: string;
  /** `group/resource/identity/`, where the objects of all versions of this resource are stored. */
  readonly prefix: string;
  readonly identity: KeyIdentity;
  /** The served resource of the storage version; itself where this one is it. */
  readonly storage: ServedResource;
  readonly conversion: Conversion | undefined;
  readonly strategy: Strategy;
  readonly origin: Origin;
}

/**
 * Versions of a resource without a conversion of their own differ in nothing but the apiVersion.
 */
function plainConversion(served: string, stored: string): Conversion {
  return {
    toStorage: (object) => Object.assign(object, { apiVersion: stored }),
    fromStorage: (object) => Object.assign(object, { apiVersion: served }),
  };
}

export interface ServeOptions {
  readonly identity: KeyIdentity;
  readonly origin: Origin;
  readonly schema: CompiledSchema;
  readonly strategy: Strategy;
  readonly fingerprint: string;
  readonly storage?: ServedResource | undefined;
  readonly conversion?: Conversion | undefined;
}

export function serve(definition: ResourceDefinition, options: ServeOptions): ServedResource {
  const apiVersion = groupVersionText(definition);
  const { storage } = options;
  const served: Omit<ServedResource, 'storage'> & { storage?: ServedResource } = {
    definition,
    apiVersion,
    schema: options.schema,
    fingerprint: options.fingerprint,
    prefix: storage?.prefix ?? resourcePrefix(definition.group, definition.plural, options.identity),
    identity: options.identity,
    conversion:
      storage === undefined ? undefined : (options.conversion ?? plainConversion(apiVersion, storage.apiVersion)),
    strategy: options.strategy,
    origin: options.origin,
  };
  return Object.assign(served, { storage: storage ?? (served as ServedResource) });
}

/** The key of one object of a resource. */
export function objectKey(
  served: ServedResource,
  cluster: LogicalClusterName,
  namespace: string,
  name: string,
): string {
  return `${served.prefix}${cluster}/${served.definition.namespaced ? namespace : ''}/${name}`;
}
