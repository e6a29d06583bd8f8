/**
 * Whether the export of a binding limits what consumers may do is remembered on the binding: when
 * the export is gone, or is not known yet in this shard, its policy still holds, and the provider's
 * RBAC says what it allows. An export without a policy leaves nothing behind, and local RBAC alone
 * decides.
 */
import type { ApiBinding, ApiExport } from './types.ts';

/** On APIBindings; the server's alone. */
export const policyAnnotation = 'internal.apis.kcp.io/maximal-permission-policy';

/** Whether an export has a maximal permission policy. */
export function isLimited({ spec }: ApiExport): boolean {
  return spec?.maximalPermissionPolicy?.local !== undefined;
}

/**
 * What root's own exports limit is known without a note: they are there as long as the installation
 * is.
 */
function isOfSystem(cluster: string | undefined, name: string | undefined): boolean {
  return cluster === 'root' && name?.endsWith('.kcp.io') === true;
}

/** The annotations of a binding to an export of a cluster, given those that it has. */
export function withPolicyOf(
  source: ApiExport,
  cluster: string | undefined,
  annotations: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (isLimited(source) && !isOfSystem(cluster, source.metadata.name))
    return annotations?.[policyAnnotation] === 'local' ? annotations : { ...annotations, [policyAnnotation]: 'local' };
  if (annotations?.[policyAnnotation] === undefined) return annotations;
  const { [policyAnnotation]: _, ...rest } = annotations;
  return rest;
}

/** Whether the export of a binding had a maximal permission policy when it was last seen. */
export function wasLimited({ metadata, spec, status }: ApiBinding): boolean {
  if (metadata.annotations?.[policyAnnotation] !== undefined) return true;
  return isOfSystem(status?.apiExportClusterName, spec?.reference?.export?.name);
}
