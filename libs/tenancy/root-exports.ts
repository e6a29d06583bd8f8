import type { ResourceDefinition } from '@kcp-ts/api';

/** An APIExport of `root` and the definitions it offers. */
export interface RootExport {
  readonly name: string;
  readonly definitions: readonly ResourceDefinition[];
  /** Whether RBAC in `root` bounds what consumers may do with it. */
  readonly localPolicy: boolean;
}
