/** Rows out of definitions: one for each served version of a CRD or an APIResourceSchema. */
import type { JsonSchema, KubeObject, PrinterColumn, ResourceRow, ScalePaths, SubresourceRow, Verb } from '@kcp-ts/meta';

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: JsonSchema & { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: { readonly status?: object; readonly scale?: ScalePaths };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

interface Spec {
  readonly group: string;
  readonly scope: 'Cluster' | 'Namespaced';
  readonly names: {
    readonly plural: string;
    readonly singular?: string;
    readonly kind: string;
    readonly listKind?: string;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  };
  readonly versions: readonly Version[];
  readonly nameValidation?: string;
}

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function subresourcesOf(version: Version): SubresourceRow[] {
  const rows: SubresourceRow[] = [];
  if (version.subresources?.status !== undefined) rows.push({ name: 'status', verbs: ['get', 'patch', 'update'] });
  if (version.subresources?.scale !== undefined) rows.push({ name: 'scale', verbs: ['get', 'patch', 'update'], group: 'autoscaling', version: 'v1', kind: 'Scale' });
  return rows;
}

function rowOf(spec: Spec, version: Version, schema: JsonSchema): ResourceRow {
  const { names, group } = spec;
  const storage = spec.versions.find((candidate) => candidate.storage)?.name ?? version.name;
  const warning = version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`;
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    verbs,
    subresources: subresourcesOf(version),
    scale: version.subresources?.scale,
    schema,
    columns: version.additionalPrinterColumns ?? [age],
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
    dialect: 'custom',
    nameFormat: spec.nameValidation === 'PathSegmentName' ? 'path-segment' : 'dns-subdomain',
    storageVersion: storage,
    ...(version.deprecated === true ? { deprecated: true, deprecationWarning: warning } : {}),
  };
}

function rowsOf(object: KubeObject, schemaOf: (version: Version) => JsonSchema | undefined): ResourceRow[] {
  const spec = object['spec'] as Spec;
  // The storage version is a row as well where it is not served: objects are kept under its schema.
  return spec.versions.filter((version) => version.served).map((version) => rowOf(spec, version, schemaOf(version) ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }));
}

export function rowsOfCustomResourceDefinition(object: KubeObject): ResourceRow[] {
  return rowsOf(object, (version) => version.schema?.openAPIV3Schema);
}

export function rowsOfApiResourceSchema(object: KubeObject): ResourceRow[] {
  return rowsOf(object, (version) => version.schema);
}
