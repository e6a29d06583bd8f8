/** Subresources, printer columns and selectable fields of one version. */
import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { duplicateValue, invalidValue, requiredValue } from '@kcp-ts/api';
import { parseJsonPath } from '../json-path.ts';
import type { JsonObject } from '../json-value.ts';
import type { DefinitionVersion } from './definition-fields.ts';
import { objectAt, textAt } from './definition-fields.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password'];
const selectableFieldsMax = 8;

function checkPath(path: string, field: string, errors: FieldError[]): boolean {
  if (!path.startsWith('.')) {
    errors.push(invalidValue(field, path, 'must be a simple json path starting with .'));
    return false;
  }
  const wrong = parseJsonPath(path);
  if (wrong === undefined) return true;
  errors.push(invalidValue(field, path, `is an invalid path: ${wrong}`));
  return false;
}

function checkScalePath(path: string, field: string, under: '.spec' | '.status', errors: FieldError[]): void {
  if (checkPath(path, field, errors) && !path.startsWith(`${under}.`)) {
    errors.push(invalidValue(field, path, `should be a json path under ${under}`));
  }
}

export function checkSubresources(subresources: JsonObject | undefined, path: string, errors: FieldError[]): void {
  const scale = objectAt(subresources, 'scale');
  if (scale === undefined) return;
  for (const [key, under] of [
    ['specReplicasPath', '.spec'],
    ['statusReplicasPath', '.status'],
  ] as const) {
    const text = textAt(scale, key);
    if (text === '') errors.push(requiredValue(`${path}.scale.${key}`));
    else checkScalePath(text, `${path}.scale.${key}`, under, errors);
  }
  const selector = textAt(scale, 'labelSelectorPath');
  if (selector === '') return;
  const field = `${path}.scale.labelSelectorPath`;
  if (!checkPath(selector, field, errors)) return;
  if (!selector.startsWith('.status.') && !selector.startsWith('.spec.')) {
    errors.push(invalidValue(field, selector, 'should be a json path under either .spec or .status'));
  }
}

export function checkColumns(columns: readonly JsonObject[], path: string, errors: FieldError[]): void {
  for (const [index, column] of columns.entries()) {
    const field = `${path}[${index}]`;
    const type = textAt(column, 'type');
    const format = textAt(column, 'format');
    const jsonPath = textAt(column, 'jsonPath');
    if (textAt(column, 'name') === '') errors.push(requiredValue(`${field}.name`));
    if (type === '') errors.push(requiredValue(`${field}.type`, `must be one of ${columnTypes.join(',')}`));
    else if (!columnTypes.includes(type)) {
      errors.push(invalidValue(`${field}.type`, type, `must be one of ${columnTypes.join(',')}`));
    }
    if (format !== '' && !columnFormats.includes(format)) {
      errors.push(invalidValue(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`));
    }
    if (jsonPath === '') errors.push(requiredValue(`${field}.JSONPath`));
    else checkPath(jsonPath, `${field}.JSONPath`, errors);
  }
}

function schemaAt(schema: JsonSchema, path: string): JsonSchema | undefined {
  let found: JsonSchema | undefined = schema;
  for (const name of path.split('.').slice(1)) found = found?.properties?.[name];
  return found;
}

export function checkSelectableFields(version: DefinitionVersion, path: string, errors: FieldError[]): void {
  const { selectableFields, schema } = version;
  if (selectableFields.length > selectableFieldsMax) {
    const message = `Too many: ${selectableFields.length}: must have at most ${selectableFieldsMax} items`;
    errors.push({ kind: 'TooMany', field: path, message });
  }
  for (const [index, jsonPath] of selectableFields.entries()) {
    const field = `${path}[${index}].jsonPath`;
    if (selectableFields.indexOf(jsonPath) < index) errors.push(duplicateValue(`${path}[${index}]`, jsonPath));
    if (jsonPath === '') {
      errors.push(requiredValue(field));
      continue;
    }
    if (!checkPath(jsonPath, field, errors) || schema === undefined) continue;
    if (/^\.metadata(?:\.|$)/.test(jsonPath)) {
      errors.push(invalidValue(field, jsonPath, 'must not point to fields in metadata'));
      continue;
    }
    const type = schemaAt(schema, jsonPath)?.type;
    if (type === 'string' || type === 'boolean' || type === 'integer') continue;
    const why = type === undefined ? `is an invalid path: does not refer to a valid field` : undefined;
    const detail =
      why ??
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
    errors.push(invalidValue(field, jsonPath, detail));
  }
}
