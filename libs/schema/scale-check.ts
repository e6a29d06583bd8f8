/**
 * The paths of a scale subresource must hold what a Scale can show. Texts as apimachinery's
 * accessors give them.
 */

import type { FieldError, ScalePaths } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import { isExactInteger } from '@kcp-ts/base';
import { hasKey, isJsonObject } from './json-value.ts';

function goType(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return isExactInteger(value) ? 'int64' : 'float64';
    default:
      return value === null ? '<nil>' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
  }
}

function goValue(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.keys(value).sort();
  return `map[${members.map((key) => `${key}:${goValue(value[key])}`).join(' ')}]`;
}

interface Found {
  readonly value?: unknown;
  readonly error?: string;
}

function read(object: unknown, segments: readonly string[], wanted: 'int64' | 'string'): Found {
  let value = object;
  for (let depth = 0; depth < segments.length; depth++) {
    const key = segments[depth] ?? '';
    if (value === null) return {};
    if (!isJsonObject(value)) {
      const path = segments.slice(0, depth + 1).join('.');
      return {
        error: `.${path} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected map[string]interface{}`,
      };
    }
    if (!hasKey(value, key)) return {};
    value = value[key];
  }
  const type = goType(value);
  if (type === wanted) return { value };
  return {
    error: `.${segments.join('.')} accessor error: ${goValue(value)} is of the type ${type}, expected ${wanted}`,
  };
}

function compileReplicas(path: string): (object: unknown, errors: FieldError[]) => void {
  const segments = path.replace(/^\./, '').split('.');
  return (object, errors) => {
    const { value = 0, error } = read(object, segments, 'int64');
    const replicas = Number(value);
    if (error !== undefined) errors.push(invalidValue(path, 0, error));
    else if (replicas < 0) errors.push(invalidValue(path, replicas, 'should be a non-negative integer'));
    else if (replicas > 2_147_483_647)
      errors.push(invalidValue(path, replicas, 'should be less than or equal to 2147483647'));
  };
}

export function compileScaleCheck(scale: ScalePaths): (object: unknown, errors: FieldError[]) => void {
  const checkSpec = compileReplicas(scale.specReplicasPath);
  const checkStatus = compileReplicas(scale.statusReplicasPath);
  const selectorPath = scale.labelSelectorPath ?? '';
  const segments = selectorPath.replace(/^\./, '').split('.');
  return (object, errors) => {
    checkSpec(object, errors);
    checkStatus(object, errors);
    if (selectorPath === '') return;
    const { error } = read(object, segments, 'string');
    if (error !== undefined) errors.push(invalidValue(selectorPath, '', error));
  };
}
