/**
 * What the handler of a verb is called with: everything about the target has been found out and
 * allowed.
 */
import type { ClusterName, ResourceRequestInfo } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiRequest } from './api-request.ts';
import type { Media } from './encode/media.ts';
import type { ServerDependencies } from './server-dependencies.ts';
import type { StorageView } from './view.ts';

export interface ResourceCall {
  readonly deps: ServerDependencies;
  readonly request: ApiRequest;
  readonly cluster: ClusterName | '*';
  readonly storage: StorageView;
  readonly served: ServedResource;
  readonly api: ResourceRequestInfo;
  readonly media: Media;
  /** Throws Forbidden where the user of an update may not create what it does not find. */
  authorizeCreate(): void;
}
