/**
 * The OpenAPI definitions that a resource brings: its kind, the list of it, and kinds that only its
 * subresources have.
 */
import type { JsonSchema, ResourceDefinition, SubresourceDefinition } from '@kcp-ts/api';
import { definitionName, metaName, quantityName, scaleName } from './names.ts';
import type { OpenApiSchema } from './open-api-schema.ts';
import { apiVersionField, kindField } from './shared-definitions.ts';

const metadataField: OpenApiSchema = {
  definition: metaName('ObjectMeta'),
  description: 'What every object has: name, labels and the like.',
};

function mapValues(schemas: Readonly<Record<string, JsonSchema>>): Record<string, OpenApiSchema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, fieldSchema(schema)]));
}

/**
 * A field as documents show it: embedded objects get the fields of every object, quantities their
 * name.
 */
function fieldSchema(schema: JsonSchema): OpenApiSchema {
  const { properties, items, additionalProperties, oneOf: _, ...rest } = schema;
  if ((schema.format as string | undefined) === 'quantity') {
    return {
      definition: quantityName,
      ...(schema.description === undefined ? {} : { description: schema.description }),
    };
  }
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const fields = embedded ? { ...objectFields, ...mapValues(properties ?? {}), metadata: metadataField } : undefined;
  return {
    ...rest,
    ...(fields !== undefined
      ? { properties: fields }
      : properties === undefined
        ? {}
        : { properties: mapValues(properties) }),
    ...(items === undefined ? {} : { items: fieldSchema(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? fieldSchema(additionalProperties) : additionalProperties,
        }),
    ...(schema.oneOf === undefined ? {} : { oneOf: schema.oneOf as readonly OpenApiSchema[] }),
  };
}

const objectFields: Readonly<Record<string, OpenApiSchema>> = {
  apiVersion: apiVersionField,
  kind: kindField,
  metadata: metadataField,
};

function wholeObject(schema: JsonSchema, group: string, version: string, kind: string): OpenApiSchema {
  return {
    ...fieldSchema({ ...schema, type: 'object' }),
    properties: { ...objectFields, ...mapValues(schema.properties ?? {}), metadata: metadataField },
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
  };
}

function listSchema(resourceDefinition: ResourceDefinition): OpenApiSchema {
  return {
    description: `A list of objects of kind ${resourceDefinition.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: apiVersionField,
      items: {
        type: 'array',
        description: 'The objects.',
        items: { definition: definitionName(resourceDefinition, resourceDefinition.kind) },
      },
      kind: kindField,
      metadata: { definition: metaName('ListMeta'), description: 'What every list has.' },
    },
    'x-kubernetes-group-version-kind': [
      { group: resourceDefinition.group, kind: resourceDefinition.listKind, version: resourceDefinition.version },
    ],
  };
}

export interface SubresourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly definition: string;
}

/** What a subresource takes and gives. */
export function subresourceKind(resourceDefinition: ResourceDefinition, sub: SubresourceDefinition): SubresourceKind {
  const {
    group = resourceDefinition.group,
    version = resourceDefinition.version,
    kind = resourceDefinition.kind,
  } = sub;
  if (sub.schema !== undefined)
    return {
      group,
      version,
      kind,
      definition: definitionName({ group, version, dialect: resourceDefinition.dialect }, kind),
    };
  if (kind === 'Scale') return { group, version, kind, definition: scaleName };
  return { group, version, kind, definition: definitionName(resourceDefinition, resourceDefinition.kind) };
}

export function kindDefinitions(resourceDefinition: ResourceDefinition): Map<string, OpenApiSchema> {
  const definitions = new Map<string, OpenApiSchema>();
  definitions.set(
    definitionName(resourceDefinition, resourceDefinition.kind),
    wholeObject(
      resourceDefinition.schema,
      resourceDefinition.group,
      resourceDefinition.version,
      resourceDefinition.kind,
    ),
  );
  if (resourceDefinition.verbs.includes('list'))
    definitions.set(definitionName(resourceDefinition, resourceDefinition.listKind), listSchema(resourceDefinition));
  for (const sub of resourceDefinition.subresources) {
    if (sub.schema === undefined) continue;
    const { group, version, kind, definition } = subresourceKind(resourceDefinition, sub);
    definitions.set(definition, wholeObject(sub.schema, group, version, kind));
  }
  return definitions;
}
