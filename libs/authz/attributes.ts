/** What is asked of the authorizer, and what it answers. */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';

/** A verb on a resource; absent parts are ''. */
export interface ResourceQuestion {
  readonly kind: 'resource';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** A verb (an HTTP method in lower case, or `access`) on a URL path. */
export interface PathQuestion {
  readonly kind: 'non-resource';
  readonly path: string;
}

export type Question = { readonly verb: string } & (ResourceQuestion | PathQuestion);

export type AccessRequest = Question & {
  readonly user: UserInfo;
  /** The logical cluster's name; `*` for all clusters, '' for none. */
  readonly cluster: LogicalClusterName;
};

/**
 * `denied`: forbidden whatever others say, rather than not allowed by anybody. `reason` is for the
 * audit log, never for a client.
 */
export type Decision =
  | { readonly allowed: true; readonly reason: string }
  | { readonly allowed: false; readonly denied: boolean; readonly reason: string };

export function hasGroup(user: UserInfo, group: string): boolean {
  return user.groups.includes(group);
}
