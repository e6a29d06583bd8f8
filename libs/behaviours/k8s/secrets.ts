/** Secrets: stringData is only a way to write data; typed ones hold the keys that their type asks for. */
import type { FieldError, KubeObject } from '@kcp-ts/meta';
import { invalidValue, requiredValue } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';
import { dataBytesMax, dataOf, immutableErrors, keyErrors, tooLarge } from './data-keys.ts';

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const jsonKeys = new Set(['.dockercfg', '.dockerconfigjson']);
const serviceAccountName = 'kubernetes.io/service-account.name';
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function prepare(object: KubeObject): void {
  const { stringData } = object as { stringData?: Readonly<Record<string, string>> };
  if (stringData !== undefined) {
    const data: Record<string, string> = { ...dataOf(object, 'data') };
    for (const [key, value] of Object.entries(stringData)) data[key] = Buffer.from(value).toString('base64');
    object['data'] = data;
    delete object['stringData'];
  }
  object['type'] ??= 'Opaque';
  if (object['type'] === '') object['type'] = 'Opaque';
}

function isJson(encoded: string): boolean {
  try {
    JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function typeErrors(object: KubeObject): FieldError[] {
  const type = String(object['type']);
  const data = dataOf(object, 'data');
  const errors: FieldError[] = [];
  for (const key of requiredKeys[type] ?? []) {
    const value = data[key];
    if (value === undefined) errors.push(requiredValue(`data[${key}]`));
    else if (jsonKeys.has(key) && !isJson(value)) errors.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON'));
  }
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    errors.push(requiredValue('data[username]'), requiredValue('data[password]'));
  }
  if (type === 'kubernetes.io/service-account-token' && !object.metadata.annotations?.[serviceAccountName]) {
    errors.push(requiredValue(`metadata.annotations[${serviceAccountName}]`));
  }
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const data = dataOf(object, 'data');
  const errors = keyErrors(data, 'data');
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    if (!base64.test(value)) errors.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be base64'));
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > dataBytesMax) errors.push(tooLarge('data'));
  return [...errors, ...typeErrors(object)];
}

export function createSecretsBehaviour(): Behaviour {
  return {
    prepareCreate: prepare,
    prepareUpdate(object, old) {
      if (object['type'] === undefined || object['type'] === '') object['type'] = old['type'];
      prepare(object);
    },
    validateCreate: validate,
    validateUpdate(object, old) {
      const changed: FieldError[] = object['type'] === old['type'] ? [] : [invalidValue('type', object['type'], 'field is immutable')];
      return [...changed, ...immutableErrors(object, old, ['data']), ...validate(object)];
    },
  };
}
