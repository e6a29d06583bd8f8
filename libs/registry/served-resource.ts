/**
 * What a request is about once its target is resolved: a row, where its objects are stored, its compiled schema and its behaviour. Built once per
 * API surface by the catalog, shared by every workspace with that surface, looked up once per request.
 */
import type { KubeObject, ResourceRow } from '@kcp-ts/meta';
import { groupVersionText } from '@kcp-ts/meta';
import type { CompiledSchema } from '@kcp-ts/schema';
import { resourcePrefix } from '@kcp-ts/storage';
import type { Behaviour } from './behaviour.ts';

/** Between a served version and the one that is stored. Both may change their argument and return it. */
export interface Conversion {
  toStorage(object: KubeObject): KubeObject;
  fromStorage(object: KubeObject): KubeObject;
}

/** How a resource came into the surface, where it is not built in. */
export type Origin =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'crd'; readonly name: string; readonly terminating: boolean }
  | {
      readonly kind: 'bound';
      readonly exportCluster: string;
      readonly exportName: string;
      readonly terminating: boolean;
    };

export interface ServedResource {
  readonly row: ResourceRow;
  readonly apiVersion: string;
  readonly schema: CompiledSchema;
  /** The first 16 hex digits of a hash over API version, kind and schema: what stored values carry. */
  readonly fingerprint: string;
  /** `group/resource/identity/`, where the objects of all versions of this resource are stored. */
  readonly prefix: string;
  readonly identity: string;
  /** The served resource of the storage version; itself where this one is it. */
  readonly storage: ServedResource;
  readonly conversion: Conversion | undefined;
  readonly behaviour: Behaviour;
  readonly origin: Origin;
}

/** Versions of a resource without a conversion of their own differ in nothing but the apiVersion. */
function plainConversion(served: string, stored: string): Conversion {
  return {
    toStorage: (object) => Object.assign(object, { apiVersion: stored }),
    fromStorage: (object) => Object.assign(object, { apiVersion: served }),
  };
}

export interface ServeOptions {
  readonly identity: string;
  readonly origin: Origin;
  readonly schema: CompiledSchema;
  readonly behaviour: Behaviour;
  readonly fingerprint: string;
  readonly storage?: ServedResource | undefined;
  readonly conversion?: Conversion | undefined;
}

export function serve(row: ResourceRow, options: ServeOptions): ServedResource {
  const apiVersion = groupVersionText(row);
  const { storage } = options;
  const served: Omit<ServedResource, 'storage'> & { storage?: ServedResource } = {
    row,
    apiVersion,
    schema: options.schema,
    fingerprint: options.fingerprint,
    prefix: storage?.prefix ?? resourcePrefix(row.group, row.plural, options.identity),
    identity: options.identity,
    conversion: storage === undefined ? undefined : (options.conversion ?? plainConversion(apiVersion, storage.apiVersion)),
    behaviour: options.behaviour,
    origin: options.origin,
  };
  return Object.assign(served, { storage: storage ?? (served as ServedResource) });
}

/** The key of one object of a resource. */
export function objectKey(served: ServedResource, cluster: string, namespace: string, name: string): string {
  return `${served.prefix}${cluster}/${served.row.namespaced ? namespace : ''}/${name}`;
}
