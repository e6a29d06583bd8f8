/**
 * The pieces of documents that one definition brings, as text and bytes. They are cached by the
 * definition itself: a definition is one value for all workspaces that serve it, so that a document
 * of a new set of definitions costs no more than joining pieces.
 */
import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '@kcp-ts/api';
import { lazy } from '@kcp-ts/base';
import { kindDefinitions } from './kind-definitions.ts';
import type { Definitions, OpenApiSchema } from './open-api-schema.ts';
import { definitionsIn } from './open-api-schema.ts';
import { operationsOf } from './operations.ts';
import { writePath } from './protobuf/encode-path.ts';
import { writeNamed, writeSchema } from './protobuf/encode-schema.ts';
import { encodeFields } from './protobuf/write-fields.ts';
import { pathV2, schemaV2 } from './render-v2.ts';
import { pathV3, schemaV3 } from './render-v3.ts';

/** Pieces by name: paths or definitions. */
export interface Pieces<Piece> {
  readonly paths: ReadonlyMap<string, Piece>;
  readonly definitions: ReadonlyMap<string, Piece>;
}

export interface Fragments {
  /** Names all that these pieces are made of. */
  hash(): string;
  /** JSON texts. */
  v3(): Pieces<string>;
  /** JSON texts. */
  v2(): Pieces<string>;
  /**
   * Entries of `openapi.v2.Paths.path` and of `Definitions.additional_properties`, with their tags.
   */
  protobuf(): Pieces<Uint8Array>;
  /** Names of definitions that these pieces point to. */
  references(): ReadonlySet<string>;
}

function mapValues<From, To>(
  from: ReadonlyMap<string, From>,
  change: (value: From, name: string) => To,
): Map<string, To> {
  return new Map([...from].map(([name, value]) => [name, change(value, name)]));
}

export function fragmentsOf(resourceDefinition: ResourceDefinition): Fragments {
  const paths = lazy(() => new Map(operationsOf(resourceDefinition).map((path) => [path.path, path])));
  const definitions = lazy(() => kindDefinitions(resourceDefinition));
  return {
    hash: lazy(() => createHash('sha256').update(JSON.stringify(resourceDefinition)).digest('base64')),
    v3: lazy(() => ({
      paths: mapValues(paths(), (path) => JSON.stringify(pathV3(path))),
      definitions: definitionTextsV3(definitions()),
    })),
    v2: lazy(() => ({
      paths: mapValues(paths(), (path) => JSON.stringify(pathV2(path))),
      definitions: definitionTextsV2(definitions()),
    })),
    protobuf: lazy(() => ({
      paths: mapValues(paths(), (path, name) =>
        encodeFields((writer) => writeNamed(writer, 2, name, () => writePath(writer, pathV2(path)))),
      ),
      definitions: definitionBytes(definitions()),
    })),
    references: lazy(() => {
      const found = new Set<string>();
      for (const { operations } of paths().values()) {
        for (const { body, responses } of operations) {
          if (body !== undefined) found.add(body.definition);
          for (const definition of Object.values(responses)) found.add(definition);
        }
      }
      for (const schema of definitions().values()) definitionsIn(schema, found);
      return found;
    }),
  };
}

export function definitionTextsV3(definitions: Definitions): Map<string, string> {
  return mapValues(definitions, (schema: OpenApiSchema) => JSON.stringify(schemaV3(schema)));
}

export function definitionTextsV2(definitions: Definitions): Map<string, string> {
  return mapValues(definitions, (schema: OpenApiSchema) => JSON.stringify(schemaV2(schema)));
}

export function definitionBytes(definitions: Definitions): Map<string, Uint8Array> {
  return mapValues(definitions, (schema: OpenApiSchema, name) =>
    encodeFields((writer) => writeNamed(writer, 1, name, () => writeSchema(writer, schemaV2(schema)))),
  );
}
