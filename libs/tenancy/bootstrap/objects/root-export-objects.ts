import type { KubeObject } from '@kcp-ts/api';
import type { RootExport } from '../../root-exports.ts';
import { resourceSchemaObject } from './resource-schema-object.ts';

/** APIResourceSchemas, APIExports, and the APIBindings by which `root` itself gets the APIs. */
export function rootExportObjects(exports: readonly RootExport[]): readonly KubeObject[] {
  return exports.flatMap(({ name, definitions, localPolicy }) => {
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
