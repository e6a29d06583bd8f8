/** Swagger paths as gnostic's `openapi.v2.PathItem`; the numbers are those of its proto file. */

import type { Encoded } from '@kcp-ts/k8s-protobuf';
import { boolField, messageField, textField, textsField } from '@kcp-ts/k8s-protobuf';
import type { OperationV2, ParameterV2, PathV2 } from '../render-v2.ts';
import { extensionFields, namedField, schemaMessage } from './encode-schema.ts';

function bodyParameter(parameter: ParameterV2): Encoded {
  return [
    textField(1, parameter.description),
    textField(2, parameter.name),
    textField(3, parameter.in),
    boolField(4, parameter.required),
    messageField(5, schemaMessage(parameter.schema ?? {})),
  ].join('');
}

/** Query and path parameters begin alike and then differ by one field that only the query has. */
function plainParameter(parameter: ParameterV2): Encoded {
  const inQuery = parameter.in === 'query';
  const fields = [
    boolField(1, parameter.required),
    textField(2, parameter.in),
    textField(3, parameter.description),
    textField(4, parameter.name),
    textField(inQuery ? 6 : 5, parameter.type),
    boolField(inQuery ? 20 : 19, parameter.uniqueItems),
  ].join('');
  return messageField(inQuery ? 3 : 4, fields);
}

/** ParametersItem { Parameter { BodyParameter 1 | NonBodyParameter 2 } 1 }. */
function parameterFields(field: number, parameters: readonly ParameterV2[]): Encoded {
  return parameters
    .map((parameter) => {
      const inner =
        parameter.in === 'body'
          ? messageField(1, bodyParameter(parameter))
          : messageField(2, plainParameter(parameter));
      return messageField(field, messageField(1, inner));
    })
    .join('');
}

/** ResponseValue { Response { description 1, SchemaItem { schema 1 } 2 } 1 } by code. */
function responses(values: OperationV2['responses']): Encoded {
  return Object.entries(values)
    .map(([code, { description, schema }]) => {
      const body = schema === undefined ? '' : messageField(2, messageField(1, schemaMessage(schema)));
      return namedField(1, code, messageField(1, textField(1, description) + body));
    })
    .join('');
}

function operation(given: OperationV2): Encoded {
  return [
    textsField(1, given.tags),
    textField(3, given.description),
    textField(5, given.operationId),
    textsField(6, given.produces),
    textsField(7, given.consumes),
    parameterFields(8, given.parameters),
    messageField(9, responses(given.responses)),
    textsField(10, given.schemes),
    extensionFields(13, given),
  ].join('');
}

function operationField(field: number, given: OperationV2 | undefined): Encoded {
  return given === undefined ? '' : messageField(field, operation(given));
}

export function pathMessage(path: PathV2): Encoded {
  return [
    operationField(2, path.get),
    operationField(3, path.put),
    operationField(4, path.post),
    operationField(5, path.delete),
    operationField(8, path.patch),
    parameterFields(9, path.parameters ?? []),
  ].join('');
}
