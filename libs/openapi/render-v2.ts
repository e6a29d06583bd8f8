/**
 * Swagger 2.0's way to write schemas and operations. What it has no words for is left out: clients
 * of this version only explain and patch.
 */
import type { OpenApiSchema } from './open-api-schema.ts';
import type { Operation, PathOperations } from './operations.ts';
import type { Parameter } from './query-parameters.ts';

export interface SchemaV2 {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, SchemaV2>>;
  readonly items?: SchemaV2;
  readonly additionalProperties?: SchemaV2 | boolean;
  readonly [field: string]: unknown;
}

export interface ParameterV2 {
  readonly name: string;
  readonly in: 'query' | 'path' | 'body';
  readonly description?: string;
  readonly required?: boolean;
  readonly type?: string;
  readonly uniqueItems?: boolean;
  readonly schema?: SchemaV2;
}

export interface OperationV2 {
  readonly description: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly parameters: readonly ParameterV2[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: SchemaV2 }>>;
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': object;
}

export interface PathV2 {
  readonly get?: OperationV2;
  readonly put?: OperationV2;
  readonly post?: OperationV2;
  readonly delete?: OperationV2;
  readonly patch?: OperationV2;
  readonly parameters?: readonly ParameterV2[];
}

function reference(definition: string): { readonly $ref: string } {
  return { $ref: `#/definitions/${definition}` };
}

function mapped(schemas: Readonly<Record<string, OpenApiSchema>>): Record<string, SchemaV2> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schemaV2(schema)]));
}

/**
 * `allOf` and its kin, `nullable` and rules do not exist here; a choice between types becomes text,
 * an array must say what it holds.
 */
export function schemaV2(schema: OpenApiSchema): SchemaV2 {
  const { definition, properties, items, additionalProperties, default: given, ...more } = schema;
  const { nullable: _n, oneOf, anyOf: _a, allOf: _all, not: _not, 'x-kubernetes-validations': _v, ...rest } = more;
  const { description } = rest;
  if (definition !== undefined)
    return { ...(description === undefined ? {} : { description }), ...reference(definition) };
  const itemsOf = items === undefined ? (schema.type === 'array' ? {} : undefined) : schemaV2(items);
  return {
    ...rest,
    ...(oneOf?.every(({ type }) => type !== undefined) ? { type: 'string' } : {}),
    ...(given === undefined || given === null ? {} : { default: given }),
    ...(properties === undefined ? {} : { properties: mapped(properties) }),
    ...(itemsOf === undefined ? {} : { items: itemsOf }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? schemaV2(additionalProperties) : additionalProperties,
        }),
  };
}

function parameterV2({ name, in: place, type, description }: Parameter): ParameterV2 {
  return { uniqueItems: true, type, description, name, in: place, ...(place === 'path' ? { required: true } : {}) };
}

const descriptions: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function operationV2(operation: Operation): OperationV2 {
  const { body } = operation;
  const bodies: ParameterV2[] =
    body === undefined
      ? []
      : [
          {
            name: 'body',
            in: 'body',
            ...(body.required ? { required: true } : {}),
            schema: reference(body.definition),
          },
        ];
  const responses = Object.entries(operation.responses).map(([code, definition]) => [
    code,
    { description: descriptions[code] ?? code, schema: reference(definition) },
  ]);
  return {
    description: operation.description,
    consumes: body?.types ?? ['*/*'],
    produces: operation.produces,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.operationId,
    parameters: [...bodies, ...operation.parameters.map(parameterV2)],
    responses: { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

export function pathV2(path: PathOperations): PathV2 {
  const operations = path.operations.map((operation) => [operation.method, operationV2(operation)]);
  return {
    ...Object.fromEntries(operations),
    ...(path.parameters.length === 0 ? {} : { parameters: path.parameters.map(parameterV2) }),
  };
}
