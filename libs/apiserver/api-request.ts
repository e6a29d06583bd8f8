import type { LogicalClusterName, RequestInfo, StatusError, UserInfo } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';
import type { Query } from './query.ts';
import type { RequestAuthorizer, View } from './view.ts';

/** A request as it came in. */
export interface ReceivedRequest {
  readonly exchange: Exchange;
  /** The Audit-Id, also in our log lines. */
  readonly id: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Query;
  /** Texts for `Warning:` headers; filled by filters and handlers. */
  readonly warnings: string[];
}

/**
 * Where a request goes, by the prefix of its path. Found before it is known who asks, so it does no
 * more work than a look-up.
 */
export type Target =
  /** Into a view, with the rest of its path. */
  | { readonly kind: 'view'; readonly view: View; readonly rest: string }
  /** To something that answers by itself: metrics, a user's home workspace. */
  | {
      readonly kind: 'answer';
      /** Whose rights decide on an impersonation; the user's home where it is absent. */
      readonly impersonationCluster?: LogicalClusterName;
      readonly authorizer: RequestAuthorizer;
      readonly answer: (request: ApiRequest) => void | Promise<void>;
    }
  /** The path names nothing; what is said of that depends on who asks. */
  | { readonly kind: 'refused'; readonly refusal: (user: UserInfo) => StatusError }
  /** The path has no prefix: the request is about where its user is at home. */
  | { readonly kind: 'home' };

/**
 * A request on its way through the chain. Filters that find something out pass on a request that
 * says it.
 */
export interface ApiRequest extends ReceivedRequest {
  readonly target: Target;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** The user that sent it, where it impersonates another one. */
  readonly requester?: UserInfo;
}

export type Handler<Request = ApiRequest> = (request: Request) => void | Promise<void>;
export type Filter<In = ApiRequest, Out = In> = (next: Handler<Out>) => Handler<In>;

/** The first filter in the list is the outermost: read the list as the path of a request. */
export function pipeline<Request>(filters: readonly Filter<Request>[], handler: Handler<Request>): Handler<Request> {
  return filters.reduceRight((next, filter) => filter(next), handler);
}
