import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { shards } from '../kcp/core/shards.ts';
import { workspaces } from '../kcp/tenancy/workspaces.ts';
import { workspaceTypes } from '../kcp/tenancy/workspacetypes.ts';
import { partitions } from '../kcp/topology/partitions.ts';
import { partitionSets } from '../kcp/topology/partitionsets.ts';
import { resourceSchemaObject } from './resource-schema-object.ts';

/** An APIExport of `root` and the definitions it offers. */
export interface RootExport {
  readonly name: string;
  readonly definitions: readonly ResourceDefinition[];
  /** Whether RBAC in `root` bounds what consumers may do with it. */
  readonly localPolicy: boolean;
}

export const rootExports: readonly RootExport[] = [
  { name: 'shards.core.kcp.io', definitions: [shards], localPolicy: false },
  { name: 'tenancy.kcp.io', definitions: [workspaces, workspaceTypes], localPolicy: true },
  { name: 'topology.kcp.io', definitions: [partitions, partitionSets], localPolicy: true },
];

/** APIResourceSchemas, APIExports, and the APIBindings by which `root` itself gets the APIs. */
export function rootExportObjects(): readonly KubeObject[] {
  return rootExports.flatMap(({ name, definitions, localPolicy }) => {
    const metadata = { name, annotations: { 'kcp.io/path': 'root' } };
    const schemas = definitions.map(resourceSchemaObject);
    const resources = definitions.map(({ group, plural }, index) => ({
      group,
      name: plural,
      schema: schemas[index]?.metadata.name,
      storage: { crd: {} },
    }));
    return [
      ...schemas,
      {
        apiVersion: 'apis.kcp.io/v1alpha2',
        kind: 'APIExport',
        metadata,
        spec: {
          identity: { secretRef: { name, namespace: 'kcp-system' } },
          ...(localPolicy ? { maximalPermissionPolicy: { local: {} } } : {}),
          resources,
        },
      },
      {
        apiVersion: 'apis.kcp.io/v1alpha2',
        kind: 'APIBinding',
        metadata,
        spec: { reference: { export: { name, path: 'root' } } },
      },
    ];
  });
}
