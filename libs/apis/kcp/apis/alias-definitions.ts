/**
 * The group by its first name, `apis.kcp.dev/v1alpha1`, for YAML from the time before it was renamed. It shows the objects of `apis.kcp.io` and
 * admits older forms: `spec.reference.workspace`, and claims that say neither `all` nor which objects, which mean all.
 */
import type { ResourceDefinition } from '@kcp-ts/api';
import { object, text } from '../../schema-builder.ts';
import { exportReferenceFields, pathPattern } from '../common-schemas.ts';
import { apiBindingsV1alpha1, apiBindingV1alpha1Schema } from './apibindings.ts';
import { apiExportsV1alpha1 } from './apiexports.ts';
import { apiResourceSchemas } from './apiresourceschemas.ts';

function aliased(definition: ResourceDefinition, storedVersion: string): ResourceDefinition {
  const { storageVersion: _, ...rest } = definition;
  return { ...rest, group: 'apis.kcp.dev', aliasOf: { group: definition.group, version: storedVersion } };
}

const reference = object('What is bound; cannot be changed.', {
  export: object('An APIExport.', exportReferenceFields, ['name']),
  workspace: object(
    'An APIExport, in the older form; shown as `export`.',
    {
      exportName: text('Name of the APIExport.'),
      path: text('Path of its workspace; this workspace when empty.', { pattern: pathPattern }),
    },
    ['exportName'],
  ),
});

export const aliasDefinitions: readonly ResourceDefinition[] = [
  aliased(apiResourceSchemas, 'v1alpha1'),
  aliased(apiExportsV1alpha1, 'v1alpha2'),
  { ...aliased(apiBindingsV1alpha1, 'v1alpha2'), schema: apiBindingV1alpha1Schema(reference) },
];
