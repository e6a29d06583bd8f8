/** OpenAPI 3.0's way to write schemas and operations. */
import type { OpenApiSchema } from './open-api-schema.ts';
import type { Operation, PathOperations } from './operations.ts';
import type { Parameter } from './query-parameters.ts';

function reference(definition: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${definition}` };
}

function mapped(schemas: Readonly<Record<string, OpenApiSchema>>): Record<string, object> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schemaV3(schema)]));
}

/** A pointer stands alone; what is said beside it needs an `allOf` of one. */
export function schemaV3(schema: OpenApiSchema): object {
  const { definition, properties, items, additionalProperties, default: given, ...rest } = schema;
  if (definition !== undefined && Object.keys(rest).length === 0) return reference(definition);
  return {
    ...rest,
    ...(given === undefined || given === null ? {} : { default: given }),
    ...(definition === undefined ? {} : { allOf: [reference(definition)] }),
    ...(properties === undefined ? {} : { properties: mapped(properties) }),
    ...(items === undefined ? {} : { items: schemaV3(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? schemaV3(additionalProperties) : additionalProperties,
        }),
  };
}

function parameterV3({ name, in: place, type, description }: Parameter): object {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}

function contentOf(types: readonly string[], definition: string): object {
  return Object.fromEntries(types.map((type) => [type, { schema: reference(definition) }]));
}

const descriptions: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function responsesV3(operation: Operation): object {
  const responses = Object.entries(operation.responses).map(([code, definition]) => [
    code,
    { description: descriptions[code] ?? code, content: contentOf(operation.produces, definition) },
  ]);
  return { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } };
}

function operationV3(operation: Operation): object {
  const { body } = operation;
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    parameters: operation.parameters.map(parameterV3),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: contentOf(body.types, body.definition),
            ...(body.required ? { required: true } : {}),
          },
        }),
    responses: responsesV3(operation),
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

export function pathV3(path: PathOperations): object {
  const operations = path.operations.map((operation) => [operation.method, operationV3(operation)]);
  return {
    ...Object.fromEntries(operations),
    ...(path.parameters.length === 0 ? {} : { parameters: path.parameters.map(parameterV3) }),
  };
}
