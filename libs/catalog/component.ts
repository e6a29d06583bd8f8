/**
 * A component is one source of served resources (a CRD, or one bound resource) with a key that says
 * all it depends on: equal keys, equal resources.
 */
import type { IdentityHash, LogicalClusterName } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';

export interface Component {
  readonly key: string;
  resources(): readonly ServedResource[];
}

/** A binding's entry in `status.boundResources`, with what its binding says. */
export interface BoundResource {
  readonly group: string;
  readonly resource: string;
  readonly schemaUid: string;
  readonly identityHash: IdentityHash;
  readonly exportCluster: LogicalClusterName;
  readonly exportName: string;
  readonly terminating: boolean;
  /** The export had a maximal permission policy when the binding last saw it. */
  readonly limited: boolean;
}
