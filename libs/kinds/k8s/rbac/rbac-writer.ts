import type { RbacWriter } from '@kcp-ts/authz';
import type { WriteContext } from '@kcp-ts/registry';

/** Who writes a role or binding, and where. */
export function rbacWriter({ user, cluster, namespace }: WriteContext): RbacWriter {
  return { user, cluster, namespace };
}
