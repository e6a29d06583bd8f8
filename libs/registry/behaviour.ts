/**
 * What a row cannot say. A behaviour sees objects in their storage version; it may change what it is given in `prepare…`, names what is wrong in
 * `validate…`, and refuses in `admit…` by throwing a StatusError. `accompany…` adds operations to the same commit.
 */
import type { ClusterName, FieldError, KubeObject, UserInfo } from '@kcp-ts/meta';
import type { Operation } from '@kcp-ts/storage';
import type { ServedResource } from './served-resource.ts';

export interface WriteContext {
  /** In its storage version. */
  readonly served: ServedResource;
  /** In the version that the client speaks. */
  readonly requested: ServedResource;
  readonly cluster: ClusterName;
  readonly namespace: string;
  readonly user: UserInfo;
  /** RFC 3339 in seconds, the time of this write. */
  readonly timestamp: string;
  readonly dryRun: boolean;
  /** '' for the object itself. */
  readonly subresource: string;
  /** Adds a `Warning:` header to the answer. */
  warn(text: string): void;
}

export interface Behaviour {
  /** Whether the object counts generations: bumped when anything but metadata and status changes. Custom resources always do. */
  readonly generation?: boolean;
  /** A deletion marks the object and leaves the removal to a controller, even without finalizers. */
  readonly deletesLater?: boolean;
  /** Milliseconds after which a stored object expires. */
  readonly timeToLiveMs?: number;
  /** Fields of the status that a create keeps although the row has a status subresource. */
  readonly keepsStatusOnCreate?: boolean;
  prepareCreate?(object: KubeObject, context: WriteContext): void;
  prepareUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  validateCreate?(object: KubeObject, context: WriteContext): readonly FieldError[];
  validateUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): readonly FieldError[];
  admitCreate?(object: KubeObject, context: WriteContext): void | Promise<void>;
  admitUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void | Promise<void>;
  admitDelete?(object: KubeObject, context: WriteContext): void | Promise<void>;
  /** More operations for the commit that creates the object; the object may still be changed. Nothing when it is a dry run. */
  accompanyCreate?(object: KubeObject, context: WriteContext): readonly Operation[];
  /** Changes an object that is about to be marked as deleted (a namespace's phase). */
  prepareDelete?(object: KubeObject, context: WriteContext): void;
}

export const noBehaviour: Behaviour = {};
