/** All built-in kinds: a new one has its folder, and a line here. */
import type { ResourceDefinition } from '@kcp-ts/api';
import type { RootExport } from '@kcp-ts/tenancy';
import type { Kind } from './common/kind.ts';
import { mutatingWebhookConfigurations } from './k8s/admissionregistration/mutatingwebhookconfigurations/definition.ts';
import { validatingWebhookConfigurations } from './k8s/admissionregistration/validatingwebhookconfigurations/definition.ts';
import { customResourceDefinitions } from './k8s/apiextensions/customresourcedefinitions/definition.ts';
import { selfSubjectReviews } from './k8s/authentication/selfsubjectreviews/definition.ts';
import { tokenReviews } from './k8s/authentication/tokenreviews/definition.ts';
import { localSubjectAccessReviews } from './k8s/authorization/localsubjectaccessreviews/definition.ts';
import { selfSubjectAccessReviews } from './k8s/authorization/selfsubjectaccessreviews/definition.ts';
import { selfSubjectRulesReviews } from './k8s/authorization/selfsubjectrulesreviews/definition.ts';
import { subjectAccessReviews } from './k8s/authorization/subjectaccessreviews/definition.ts';
import { certificateSigningRequests } from './k8s/certificates/certificatesigningrequests/definition.ts';
import { leases } from './k8s/coordination/leases/definition.ts';
import { configMaps } from './k8s/core/configmaps/definition.ts';
import { coreEvents } from './k8s/core/events/definition.ts';
import { limitRanges } from './k8s/core/limitranges/definition.ts';
import { namespaces } from './k8s/core/namespaces/definition.ts';
import { resourceQuotas } from './k8s/core/resourcequotas/definition.ts';
import { secrets } from './k8s/core/secrets/definition.ts';
import { serviceAccounts } from './k8s/core/serviceaccounts/definition.ts';
import { events } from './k8s/events/events/definition.ts';
import { clusterRoleBindings } from './k8s/rbac/clusterrolebindings/definition.ts';
import { clusterRoles } from './k8s/rbac/clusterroles/definition.ts';
import { roleBindings } from './k8s/rbac/rolebindings/definition.ts';
import { roles } from './k8s/rbac/roles/definition.ts';
import { aliasKinds } from './kcp/apis/alias-kinds.ts';
import { apiBindingsV1alpha1, apiBindingsV1alpha2 } from './kcp/apis/apibindings/definition.ts';
import { apiConversions } from './kcp/apis/apiconversions/definition.ts';
import { apiExportEndpointSlices } from './kcp/apis/apiexportendpointslices/definition.ts';
import { apiExportsV1alpha1, apiExportsV1alpha2 } from './kcp/apis/apiexports/definition.ts';
import { apiResourceSchemas } from './kcp/apis/apiresourceschemas/definition.ts';
import { logicalClusters } from './kcp/core/logicalclusters/definition.ts';
import { shards } from './kcp/core/shards/definition.ts';
import { workspaces } from './kcp/tenancy/workspaces/definition.ts';
import { workspaceTypes } from './kcp/tenancy/workspacetypes/definition.ts';
import { partitions } from './kcp/topology/partitions/definition.ts';
import { partitionSets } from './kcp/topology/partitionsets/definition.ts';

/**
 * Kubernetes' own kinds, served in every workspace; groups and resources in the order in which
 * discovery lists them.
 */
export const builtinKinds: readonly Kind[] = [
  configMaps,
  coreEvents,
  limitRanges,
  namespaces,
  resourceQuotas,
  secrets,
  serviceAccounts,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  certificateSigningRequests,
  leases,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  events,
  customResourceDefinitions,
];

/**
 * kcp's kinds that every workspace serves without a binding; the alias group comes last in
 * discovery, after all bound groups too.
 */
const systemKinds: readonly Kind[] = [
  apiExportsV1alpha2,
  apiBindingsV1alpha2,
  apiResourceSchemas,
  apiConversions,
  apiExportsV1alpha1,
  apiBindingsV1alpha1,
  apiExportEndpointSlices,
  logicalClusters,
  ...aliasKinds,
];

/** kcp's kinds that a workspace gets by binding an export of `root`. */
const exportedKinds: readonly (Omit<RootExport, 'definitions'> & { readonly kinds: readonly Kind[] })[] = [
  { name: 'shards.core.kcp.io', kinds: [shards], localPolicy: false },
  { name: 'tenancy.kcp.io', kinds: [workspaces, workspaceTypes], localPolicy: true },
  { name: 'topology.kcp.io', kinds: [partitions, partitionSets], localPolicy: true },
];

function definitionsOf(kinds: readonly Kind[]): readonly ResourceDefinition[] {
  return kinds.map(({ definition }) => definition);
}

export const builtinDefinitions = definitionsOf(builtinKinds);
export const systemDefinitions = definitionsOf(systemKinds);
export const rootExports: readonly RootExport[] = exportedKinds.map(({ name, kinds, localPolicy }) => ({
  name,
  definitions: definitionsOf(kinds),
  localPolicy,
}));
export const boundDefinitions = rootExports.flatMap(({ definitions }) => definitions);

export const allKinds: readonly Kind[] = [
  ...builtinKinds,
  ...systemKinds,
  ...exportedKinds.flatMap(({ kinds }) => kinds),
];

/** A resource at one of its versions, `group/version/resource`. */
export function versionName({
  group,
  version,
  plural,
}: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`;
}

const versions = new Set(allKinds.map(({ definition }) => versionName(definition)));

/**
 * Whether a resource is of a kind that is built in, at a version that it has, whatever serves it.
 */
export function isBuiltIn(group: string, version: string, plural: string): boolean {
  return versions.has(versionName({ group, version, plural }));
}
