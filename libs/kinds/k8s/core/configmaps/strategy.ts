import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import { dataBytesMax, dataOf, immutableErrors, keyErrors, tooLarge } from '../data-keys.ts';

function validate(object: KubeObject): FieldError[] {
  const data = dataOf(object, 'data');
  const binary = dataOf(object, 'binaryData');
  const errors = [...keyErrors(data, 'data'), ...keyErrors(binary, 'binaryData')];
  for (const key of Object.keys(binary)) {
    if (!Object.hasOwn(data, key)) continue;
    errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  }
  let bytes = 0;
  for (const value of Object.values(data)) bytes += Buffer.byteLength(value);
  for (const value of Object.values(binary)) bytes += Buffer.byteLength(value, 'base64');
  if (bytes > dataBytesMax) errors.push(tooLarge('[]'));
  return errors;
}

/** ConfigMaps: legal keys that do not overlap, one megabyte in all, immutable once they say so. */
export function createConfigMapsStrategy(): Strategy {
  return {
    validateCreate: validate,
    validateUpdate: (object, old) => [...immutableErrors(object, old, ['data', 'binaryData']), ...validate(object)],
  };
}
