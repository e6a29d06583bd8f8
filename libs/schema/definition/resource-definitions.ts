/** A CRD as resource definitions: one for each served version. */
import type {
  KubeObject,
  PrinterColumn,
  ResourceDefinition,
  ScalePaths,
  SubresourceDefinition,
  Verb,
} from '@kcp-ts/api';
import type { JsonObject } from '../json-value.ts';
import type { DefinitionNames, DefinitionVersion } from './definition-fields.ts';
import { apiResourceSchemaVersionsOf, crdVersionsOf, namesOf, objectAt, textAt } from './definition-fields.ts';

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function columnOf(column: JsonObject): PrinterColumn {
  const { priority } = column;
  const format = textAt(column, 'format');
  const description = textAt(column, 'description');
  return {
    name: textAt(column, 'name'),
    type: textAt(column, 'type') as PrinterColumn['type'],
    jsonPath: textAt(column, 'jsonPath'),
    ...(format === '' ? {} : { format }),
    ...(description === '' ? {} : { description }),
    ...(typeof priority === 'number' ? { priority } : {}),
  };
}

function scaleOf(version: DefinitionVersion): ScalePaths | undefined {
  const scale = objectAt(version.subresources, 'scale');
  if (scale === undefined) return undefined;
  const labelSelectorPath = textAt(scale, 'labelSelectorPath');
  return {
    specReplicasPath: textAt(scale, 'specReplicasPath'),
    statusReplicasPath: textAt(scale, 'statusReplicasPath'),
    ...(labelSelectorPath === '' ? {} : { labelSelectorPath }),
  };
}

function subresourcesOf(version: DefinitionVersion): SubresourceDefinition[] {
  const definitions: SubresourceDefinition[] = [];
  const writable = ['get', 'patch', 'update'] as const;
  if (objectAt(version.subresources, 'status') !== undefined) definitions.push({ name: 'status', verbs: writable });
  if (objectAt(version.subresources, 'scale') !== undefined) {
    definitions.push({ name: 'scale', verbs: writable, kind: 'Scale', group: 'autoscaling', version: 'v1' });
  }
  return definitions;
}

interface Definition {
  readonly group: string;
  readonly names: DefinitionNames;
  readonly namespaced: boolean;
  readonly versions: readonly DefinitionVersion[];
  readonly nameFormat: ResourceDefinition['nameFormat'];
}

function rowsOf({ group, names, namespaced, versions, nameFormat }: Definition): ResourceDefinition[] {
  const storage = versions.find((version) => version.storage);
  return versions
    .filter((version) => version.served)
    .map((version) => {
      const deprecation = `${group}/${version.name} ${names.kind} is deprecated`;
      return {
        group,
        version: version.name,
        kind: names.kind,
        listKind: names.listKind === '' ? `${names.kind}List` : names.listKind,
        plural: names.plural,
        singular: names.singular === '' ? names.kind.toLowerCase() : names.singular,
        shortNames: names.shortNames,
        categories: names.categories,
        namespaced,
        verbs,
        subresources: subresourcesOf(version),
        scale: scaleOf(version),
        schema: version.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        columns: version.columns.length === 0 ? [ageColumn] : version.columns.map(columnOf),
        selectableFields: version.selectableFields,
        dialect: 'custom',
        nameFormat,
        ...(version.deprecated
          ? { deprecated: true, deprecationWarning: version.deprecationWarning ?? deprecation }
          : {}),
        ...(storage === undefined ? {} : { storageVersion: storage.name }),
      };
    });
}

/**
 * The resource definitions of a CRD, under the names that it was granted (those of its spec as long
 * as none were).
 */
export function definitionsOfCustomResourceDefinition(object: KubeObject): ResourceDefinition[] {
  const spec = objectAt(object, 'spec');
  const accepted = namesOf(objectAt(objectAt(object, 'status'), 'acceptedNames'));
  return rowsOf({
    group: textAt(spec, 'group'),
    names: accepted.plural === '' || accepted.kind === '' ? namesOf(objectAt(spec, 'names')) : accepted,
    namespaced: textAt(spec, 'scope') === 'Namespaced',
    versions: crdVersionsOf(spec),
    nameFormat: 'dns-subdomain',
  });
}

export function definitionsOfApiResourceSchema(object: KubeObject): ResourceDefinition[] {
  const spec = objectAt(object, 'spec');
  return rowsOf({
    group: textAt(spec, 'group'),
    names: namesOf(objectAt(spec, 'names')),
    namespaced: textAt(spec, 'scope') === 'Namespaced',
    versions: apiResourceSchemaVersionsOf(spec),
    nameFormat: textAt(spec, 'nameValidation') === 'PathSegmentName' ? 'path-segment' : 'dns-subdomain',
  });
}
