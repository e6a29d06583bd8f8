import { hash } from 'node:crypto';
import type { KubeObject, PrinterColumn, ResourceDefinition } from '@kcp-ts/api';

function columnObject({ name, type, format, description, priority, jsonPath }: PrinterColumn): object {
  return { name, type, format, description, priority, jsonPath };
}

/**
 * A definition as the APIResourceSchema that an export offers it by. The name carries a hash of the
 * spec, since a schema never changes: another spec is another object.
 */
export function resourceSchemaObject(definition: ResourceDefinition): KubeObject {
  const { group, kind, listKind, plural, singular, shortNames, categories } = definition;
  const served = {
    name: definition.version,
    served: true,
    storage: true,
    schema: definition.schema,
    subresources: definition.subresources.some(({ name }) => name === 'status') ? { status: {} } : {},
    ...(definition.columns.length === 0 ? {} : { additionalPrinterColumns: definition.columns.map(columnObject) }),
  };
  const text = JSON.stringify({
    group,
    nameValidation: definition.nameFormat === 'path-segment' ? 'PathSegmentName' : 'DNS1123Subdomain',
    names: { plural, singular, kind, listKind, categories, ...(shortNames.length === 0 ? {} : { shortNames }) },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    versions: [served],
  });
  return {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `v1-${hash('sha256', text).slice(0, 9)}.${plural}.${group}` },
    spec: JSON.parse(text),
  };
}
