import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { WriteContext } from '@kcp-ts/registry';
import { pathAnnotation } from '@kcp-ts/tenancy';

/** The annotation by which an object of a shared kind says where it is. */
export function setPath(
  object: KubeObject,
  context: WriteContext,
  deps: { pathOf(cluster: LogicalClusterName): string },
): void {
  object.metadata.annotations = { ...object.metadata.annotations, [pathAnnotation]: deps.pathOf(context.cluster) };
}
