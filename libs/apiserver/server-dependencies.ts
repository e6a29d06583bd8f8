/** What handlers need of the process they live in; compose.ts gives it. */

import type { ClusterName, ResourceDefinition } from '@kcp-ts/api';
import type { Clock, Turns } from '@kcp-ts/base';
import type { YamlDecoder } from '@kcp-ts/http';
import type { KindedObject, Messages } from '@kcp-ts/k8s-protobuf';
import type { ApiSurface, RegistryDependencies, ServedResource } from '@kcp-ts/registry';
import type { Store } from '@kcp-ts/storage';
import type { StreamSerializer, WatchHub } from '@kcp-ts/watch';
import type { ApiRequest } from './api-request.ts';
import type { StorageView } from './view.ts';

/** A subresource or virtual resource that is not plain storage: `token`, `scale`, the reviews. */
export interface SpecialHandler {
  /**
   * `resource.group/subresource`, e.g. `serviceaccounts/token`,
   * `subjectaccessreviews.authorization.k8s.io`.
   */
  readonly name: string;
  /** Opens a connection (`exec`, `proxy`): admission is asked before with the operation CONNECT. */
  readonly connects?: boolean;
  handle(call: SpecialCall): Promise<SpecialAnswer>;
}

export interface SpecialCall {
  readonly request: ApiRequest;
  readonly cluster: ClusterName | '*';
  readonly storage: StorageView;
  readonly served: ServedResource;
  readonly namespace: string;
  readonly objectName: string;
  /** The decoded body of a POST or PUT. */
  readonly body: unknown;
}

export interface SpecialAnswer {
  readonly status: number;
  readonly object: KindedObject;
}

export interface ServerDependencies {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly registry: RegistryDependencies;
  readonly clock: Clock;
  /** Long work gives way here. */
  readonly turns: Turns;
  /** Reads YAML bodies. */
  readonly yaml: YamlDecoder;
  /** Field numbers of what is read and answered in protobuf. */
  readonly protobuf: Messages;
  readonly shardNumber: number;
  readonly bodyBytesMax: number;
  /** A watcher with more unsent bytes than this is ended with 410. */
  readonly watchBacklogBytesMax: number;
  readonly special: ReadonlyMap<string, SpecialHandler>;
  readonly presentation: Presentation;
  /** Called for each list with `resourceVersion=0`. */
  countCacheList?(definition: ResourceDefinition): void;
  /** Media types of watches beside those of clients. */
  readonly streamSerializers: readonly StreamSerializer[];
}

/** Documents computed once per surface. */
export interface Presentation {
  of(surface: ApiSurface): ApiSurfaceDocuments;
}

export interface ApiSurfaceDocuments {
  readonly discovery: import('@kcp-ts/discovery').Discovery;
  readonly openApi: import('@kcp-ts/openapi').OpenApi;
}
