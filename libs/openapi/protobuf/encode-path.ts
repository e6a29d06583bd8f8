/** Swagger paths as gnostic's `openapi.v2.PathItem`; the numbers are those of its proto file. */

import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { OperationV2, ParameterV2, PathV2 } from '../render-v2.ts';
import { writeExtensions, writeNamed, writeSchema } from './encode-schema.ts';
import { writeBool, writeMessage, writeText, writeTexts } from './write-fields.ts';

function writeBodyParameter(writer: BinaryWriter, parameter: ParameterV2): void {
  writeText(writer, 1, parameter.description);
  writeText(writer, 2, parameter.name);
  writeText(writer, 3, parameter.in);
  writeBool(writer, 4, parameter.required);
  writeMessage(writer, 5, () => writeSchema(writer, parameter.schema ?? {}));
}

/** Query and path parameters begin alike and then differ by one field that only the query has. */
function writePlainParameter(writer: BinaryWriter, parameter: ParameterV2): void {
  const inQuery = parameter.in === 'query';
  writeMessage(writer, inQuery ? 3 : 4, () => {
    writeBool(writer, 1, parameter.required);
    writeText(writer, 2, parameter.in);
    writeText(writer, 3, parameter.description);
    writeText(writer, 4, parameter.name);
    writeText(writer, inQuery ? 6 : 5, parameter.type);
    writeBool(writer, inQuery ? 20 : 19, parameter.uniqueItems);
  });
}

/** Parameter { BodyParameter 1 | NonBodyParameter 2 }. */
function writeParameter(writer: BinaryWriter, parameter: ParameterV2): void {
  if (parameter.in === 'body') writeMessage(writer, 1, () => writeBodyParameter(writer, parameter));
  else writeMessage(writer, 2, () => writePlainParameter(writer, parameter));
}

/** ParametersItem { Parameter 1 }, for each parameter. */
function writeParameters(writer: BinaryWriter, field: number, parameters: readonly ParameterV2[]): void {
  for (const parameter of parameters)
    writeMessage(writer, field, () => writeMessage(writer, 1, () => writeParameter(writer, parameter)));
}

/** ResponseValue { Response { description 1, SchemaItem { schema 1 } 2 } 1 } by code. */
function writeResponses(writer: BinaryWriter, responses: OperationV2['responses']): void {
  for (const [code, { description, schema }] of Object.entries(responses)) {
    const writeResponse = () => {
      writeText(writer, 1, description);
      if (schema !== undefined)
        writeMessage(writer, 2, () => writeMessage(writer, 1, () => writeSchema(writer, schema)));
    };
    writeNamed(writer, 1, code, () => writeMessage(writer, 1, writeResponse));
  }
}

function writeOperation(writer: BinaryWriter, field: number, operation: OperationV2 | undefined): void {
  if (operation === undefined) return;
  writeMessage(writer, field, () => {
    writeTexts(writer, 1, operation.tags);
    writeText(writer, 3, operation.description);
    writeText(writer, 5, operation.operationId);
    writeTexts(writer, 6, operation.produces);
    writeTexts(writer, 7, operation.consumes);
    writeParameters(writer, 8, operation.parameters);
    writeMessage(writer, 9, () => writeResponses(writer, operation.responses));
    writeTexts(writer, 10, operation.schemes);
    writeExtensions(writer, 13, operation);
  });
}

export function writePath(writer: BinaryWriter, path: PathV2): void {
  writeOperation(writer, 2, path.get);
  writeOperation(writer, 3, path.put);
  writeOperation(writer, 4, path.post);
  writeOperation(writer, 5, path.delete);
  writeOperation(writer, 8, path.patch);
  writeParameters(writer, 9, path.parameters ?? []);
}
