import type { LogicalClusterName } from '@kcp-ts/api';
import type { WriteContext } from '@kcp-ts/registry';

/** What a kind that refers to exports takes from the server. */
export interface BindCheck {
  /**
   * Whether the user of a write may bind `path:name`; false as well where there is no such export.
   */
  mayBind(context: WriteContext, path: string, name: string): boolean;
  /** The canonical path of a cluster. */
  pathOf(cluster: LogicalClusterName): string;
}
