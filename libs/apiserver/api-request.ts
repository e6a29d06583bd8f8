import type { UserInfo } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';
import type { Query } from './query.ts';

/** One request on its way through the pipeline. Filters that find something out pass on a request that says it. */
export interface ApiRequest {
  readonly exchange: Exchange;
  /** The Audit-Id, also in our log lines. */
  readonly id: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Query;
  readonly user: UserInfo;
  /** Who sent it, where it acts as somebody else. */
  readonly requester?: UserInfo;
  /** Texts for `Warning:` headers; filled by whoever finds something. */
  readonly warnings: string[];
}

export type Handler = (request: ApiRequest) => void | Promise<void>;
export type Filter = (next: Handler) => Handler;

/** The first filter in the list is the outermost: read the list as the path of a request. */
export function pipeline(filters: readonly Filter[], handler: Handler): Handler {
  return filters.reduceRight((next, filter) => filter(next), handler);
}
