/** What all writes have in common, as the handler of a verb hands it to the registry. */

import type { ClusterName, KubeObject, Revision, UserInfo } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { ResourceOrigin, ServedResource } from './served-resource.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/**
 * A virtual workspace's rules for single objects: which ones it shows, and which writes it lets
 * through.
 */
export interface ObjectFilter {
  /** Whether the object exists as far as this request is concerned. Looks at its metadata alone. */
  isVisible(object: KubeObject): boolean;
  /**
   * Whether a watch shows a state of an object: judged as of when it was written, so that all of
   * them say the same of it, whenever they look. `listedAt`: the revision that a watch begins with
   * by itself; what was not granted then was not shown. As `isVisible` when absent.
   */
  wasVisible?(object: KubeObject, listedAt: Revision | undefined): boolean;
  /**
   * May complete the object (protected labels); throws a StatusError for a write that the filter
   * refuses.
   */
  admit(object: KubeObject, old: KubeObject | undefined): void;
}

export interface WriteRequest {
  readonly served: ServedResource;
  /** Where `served` comes from; undefined for what is built in. A create relies on it. */
  readonly servedBy?: ResourceOrigin | undefined;
  readonly cluster: ClusterName;
  readonly namespace: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** '' for the object itself; only `status` changes the rules of an update. */
  readonly subresource: string;
  readonly fieldValidation: FieldValidation;
  readonly objectFilter?: ObjectFilter | undefined;
  /** Of the request, from when its body was there; a write that has none begins its own. */
  readonly slices?: Slices | undefined;
  warn(text: string): void;
}
