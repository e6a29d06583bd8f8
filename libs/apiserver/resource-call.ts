/** What the handler of a verb is called with: everything about the target has been found out and allowed. */
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiRequest } from './api-request.ts';
import type { Media } from './encode/media.ts';
import type { ApiPath } from './request-path.ts';
import type { Scope } from './scope.ts';
import type { ServerDependencies } from './server-dependencies.ts';

export interface ResourceCall {
  readonly deps: ServerDependencies;
  readonly request: ApiRequest;
  readonly scope: Scope;
  readonly served: ServedResource;
  readonly api: ApiPath;
  readonly media: Media;
}
