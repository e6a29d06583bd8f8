/** What a request names, found out once from its method and path (Kubernetes' RequestInfo). */
import type { Verb } from './resource-definition.ts';

/** A resource, an object or a subresource, as a path names it. */
export interface ApiPath {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** From `resource:identity`. */
  readonly identity: string | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** The old `/watch/` path segment. */
  readonly watch: boolean;
}

export interface ResourceRequestInfo extends ApiPath {
  readonly kind: 'resource';
  /** Undefined for a method that no resource has. */
  readonly verb: Verb | undefined;
}

/** Discovery, OpenAPI, health, version. */
export interface NonResourceRequestInfo {
  readonly kind: 'non-resource';
  /** Behind the prefix of the view, with its leading slash. */
  readonly path: string;
  /** The method in lower case. */
  readonly verb: string;
}

export type RequestInfo = ResourceRequestInfo | NonResourceRequestInfo;
