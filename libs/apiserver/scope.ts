/**
 * Where a request acts: one logical cluster, all of them, or what a virtual workspace shows of them. Handlers know scopes and nothing of how they
 * came about, so every verb works the same in all of them.
 */

import type { ClusterName, KubeObject, Revision, UserInfo } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { ApiSurface, ObjectFilter, ServedResource } from '@kcp-ts/registry';
import type { Range, StoreEvent } from '@kcp-ts/storage';
import type { ApiPath } from './request-path.ts';

/** Which keys belong to a request. Asked for each entry and each event, so it parses nothing. */
export interface KeyFilter {
  /** `at`: the revision that is read at. */
  includes(key: string, at: Revision): boolean;
  /** `unknown`: the event may belong to what the client was shown once, and whether it does is no longer known: the watch has to begin anew. */
  includesEvent(event: Pick<StoreEvent, 'key' | 'type' | 'revision'>): boolean | 'unknown';
}

export interface Scope {
  readonly cluster: ClusterName | '*';
  readonly surface: ApiSurface;
  /** The resource that a path names; undefined is a 404. Looks at `identity`, where the path has one. */
  find(api: ApiPath, partialMetadata: boolean): ServedResource | undefined;
  /** What to list, in key order. */
  ranges(served: ServedResource, namespace: string): readonly Range[];
  /** What to watch: at least all of `ranges`, now and later; the guard filters. */
  watchRange(served: ServedResource, namespace: string): Range;
  /** Which keys of `ranges` and `watchRange` belong to the request, where ranges cannot say so. */
  keyFilter?(served: ServedResource): KeyFilter | undefined;
  /** `writer`: who writes, where somebody does. */
  objectFilter(served: ServedResource, writer?: UserInfo): ObjectFilter | undefined;
  /** What of `watchRange` does not belong to the request's namespace, where the range cannot say so. */
  watchFilter?(served: ServedResource, namespace: string): ((object: KubeObject) => boolean) | undefined;
  /** Makes ready what the questions of `authorize` need, where that is much work; undefined where it is. */
  prepare?(api: ApiPath | undefined, turns: Turns): Promise<void> | undefined;
  /** Throws a StatusError for what the user may not do here. */
  authorize(user: UserInfo, api: ApiPath, verb: string): void;
  authorizePath(user: UserInfo, path: string, verb: string): void;
}
