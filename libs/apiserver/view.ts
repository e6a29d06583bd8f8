/**
 * Where a request acts: one logical cluster, all of them, or what a virtual workspace shows of
 * them. A view is three values of its own: what may be done (an authorizer), what is served (an API
 * surface), and where that is stored (ranges of keys, and filters). Filters and handlers know views
 * and nothing of how they came about, so every verb works the same in all of them.
 */
import type {
  ApiPath,
  ClusterName,
  KubeObject,
  LogicalClusterName,
  RequestInfo,
  Revision,
  StatusError,
  UserInfo,
} from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { ApiSurface, ObjectFilter, ServedResource } from '@kcp-ts/registry';
import type { Range, StoreEvent } from '@kcp-ts/storage';

/** Which keys belong to a request. Asked for each entry and each event, so it parses nothing. */
export interface KeyFilter {
  /** `at`: the revision that is read at. */
  includes(key: string, at: Revision): boolean;
  /**
   * `unknown`: the event may belong to what the client was shown once, and whether it does is no
   * longer known: the watch has to begin again.
   */
  includesEvent(event: Pick<StoreEvent, 'key' | 'type' | 'revision'>): boolean | 'unknown';
}

/** What may be done in a view. */
export interface RequestAuthorizer {
  /**
   * Prepares what `authorize` needs, where that is much work; undefined where nothing is left to
   * prepare.
   */
  prepare?(info: RequestInfo, turns: Turns): Promise<void> | undefined;
  /**
   * What the user is answered who may not do this; undefined where it is allowed. `info` is what is
   * judged: a request for a namespace is one in that namespace (`attributesOf`).
   */
  authorize(user: UserInfo, info: RequestInfo): StatusError | undefined;
}

/** What a view serves. */
export interface ServedApi {
  readonly surface: ApiSurface;
  /**
   * The resource that a path names; undefined is a 404. Looks at `identity`, where the path has
   * one.
   */
  find(api: ApiPath, partialMetadata: boolean): ServedResource | undefined;
}

/** Where the objects are that a request may read and write. */
export interface StorageView {
  /** What to list, in key order. */
  ranges(served: ServedResource, namespace: string): readonly Range[];
  /** What to watch: at least all of `ranges`, now and later; filters decide on each event. */
  watchRange(served: ServedResource, namespace: string): Range;
  /**
   * Of a view that shows single objects which are stored among others, instead of `ranges`: their
   * keys, in the order of a list; with a name, that of the object of this name. Such a view is only
   * read: a watch is accepted, and ends.
   */
  keys?(served: ServedResource, namespace: string, name?: string): readonly string[];
  /** Which keys of `ranges` and `watchRange` belong to the request, where ranges cannot say so. */
  keyFilter?(served: ServedResource): KeyFilter | undefined;
  /**
   * Which objects are visible, and what may be written, where the view does not show all of a
   * resource.
   */
  objectFilter(served: ServedResource): ObjectFilter | undefined;
  /** What of `watchRange` is outside the request's namespace, where the range cannot say so. */
  watchFilter?(served: ServedResource, namespace: string): ((object: KubeObject) => boolean) | undefined;
}

export interface View {
  readonly cluster: ClusterName | '*';
  /** Whose rights decide on an impersonation: a cluster, `*`, or '' where there is none. */
  readonly impersonationCluster: LogicalClusterName;
  readonly authorizer: RequestAuthorizer;
  readonly api: ServedApi;
  /** For one request: who reads or writes, and by which verb. */
  storageFor(user: UserInfo, verb: string): StorageView;
}
