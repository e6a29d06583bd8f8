import type { ResourceDefinition } from '@kcp-ts/api';
import { aliasDefinitions } from './apis/alias-definitions.ts';
import { apiBindingsV1alpha1, apiBindingsV1alpha2 } from './apis/apibindings.ts';
import { apiConversions } from './apis/apiconversions.ts';
import { apiExportEndpointSlices } from './apis/apiexportendpointslices.ts';
import { apiExportsV1alpha1, apiExportsV1alpha2 } from './apis/apiexports.ts';
import { apiResourceSchemas } from './apis/apiresourceschemas.ts';
import { logicalClusters } from './core/logicalclusters.ts';
import { shards } from './core/shards.ts';
import { workspaces } from './tenancy/workspaces.ts';
import { workspaceTypes } from './tenancy/workspacetypes.ts';
import { partitions } from './topology/partitions.ts';
import { partitionSets } from './topology/partitionsets.ts';

/** kcp's kinds that every workspace serves without a binding; the alias group comes last in discovery, after all bound groups too. */
export const systemDefinitions: readonly ResourceDefinition[] = [
  apiExportsV1alpha2,
  apiBindingsV1alpha2,
  apiResourceSchemas,
  apiConversions,
  apiExportsV1alpha1,
  apiBindingsV1alpha1,
  apiExportEndpointSlices,
  logicalClusters,
  ...aliasDefinitions,
];

/** kcp's kinds that a workspace gets by binding an export of `root`. */
export const boundDefinitions: readonly ResourceDefinition[] = [
  workspaces,
  workspaceTypes,
  partitions,
  partitionSets,
  shards,
];
