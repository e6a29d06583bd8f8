/**
 * Secrets: stringData is only a way to write data; typed ones hold the keys that their type asks
 * for.
 */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue, requiredValue } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import { setMember } from '@kcp-ts/schema';
import { immutableField } from '../../../common/immutable.ts';
import type { Data } from '../data-keys.ts';
import { dataBytesMax, dataOf, immutableErrors, keyErrors, tooLarge } from '../data-keys.ts';

const serviceAccountName = 'kubernetes.io/service-account.name';
const redacted = '<secret contents redacted>';

/** A key may be called `__proto__`: it is looked up and set as an own member only. */
function valueAt(data: Data, key: string): string | undefined {
  return Object.hasOwn(data, key) ? data[key] : undefined;
}

function mergeStringData(object: KubeObject): void {
  const { stringData } = object as { stringData?: Readonly<Record<string, string>> };
  if (stringData === undefined) return;
  const data: Record<string, string> = { ...dataOf(object, 'data') };
  for (const [key, value] of Object.entries(stringData)) setMember(data, key, Buffer.from(value).toString('base64'));
  object['data'] = data;
  delete object['stringData'];
}

/** Line breaks are legal in what is sent, and never in what is stored. */
function canonicalise(data: Data): void {
  for (const [key, value] of Object.entries(data)) {
    if (value.includes('\n') || value.includes('\r'))
      setMember(data, key, Buffer.from(value, 'base64').toString('base64'));
  }
}

function prepare(object: KubeObject): void {
  mergeStringData(object);
  canonicalise(dataOf(object, 'data'));
  if (object['type'] === undefined || object['type'] === '') object['type'] = 'Opaque';
}

/**
 * Why a text is not a JSON object (or null), in Go's words where they are short; undefined where it
 * is one.
 */
function jsonProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === '' ? 'unexpected end of JSON input' : 'invalid JSON';
  }
  if (typeof value === 'object' && !Array.isArray(value)) return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

function jsonKeyErrors(data: Data, key: string): FieldError[] {
  const value = valueAt(data, key);
  if (value === undefined) return [requiredValue(`data[${key}]`)];
  const problem = jsonProblem(Buffer.from(value, 'base64').toString('utf8'));
  return problem === undefined ? [] : [invalidValue(`data[${key}]`, redacted, problem)];
}

function missing(data: Data, keys: readonly string[]): FieldError[] {
  return keys.filter((key) => valueAt(data, key) === undefined).map((key) => requiredValue(`data[${key}]`));
}

function typeErrors(object: KubeObject, data: Data): FieldError[] {
  switch (object['type']) {
    case 'kubernetes.io/service-account-token':
      return object.metadata.annotations?.[serviceAccountName]
        ? []
        : [requiredValue(`metadata.annotations[${serviceAccountName}]`)];
    case 'kubernetes.io/dockercfg':
      return jsonKeyErrors(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonKeyErrors(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const errors = missing(data, ['username', 'password']);
      return errors.length === 2 ? errors : [];
    }
    case 'kubernetes.io/ssh-auth':
      return valueAt(data, 'ssh-privatekey') ? [] : [requiredValue('data[ssh-privatekey]')];
    case 'kubernetes.io/tls':
      return missing(data, ['tls.crt', 'tls.key']);
    default:
      return [];
  }
}

function validate(object: KubeObject): FieldError[] {
  const data = dataOf(object, 'data');
  const errors = keyErrors(data, 'data');
  let bytes = 0;
  for (const value of Object.values(data)) bytes += Buffer.byteLength(value, 'base64');
  if (bytes > dataBytesMax) errors.push(tooLarge('data'));
  return [...errors, ...typeErrors(object, data)];
}

export function createSecretsStrategy(): Strategy {
  return {
    prepareCreate: prepare,
    prepareUpdate(object, old) {
      // A client that leaves the type out does not mean to change it.
      if (object['type'] === undefined || object['type'] === '') object['type'] = old['type'];
      prepare(object);
    },
    validateCreate: validate,
    validateUpdate(object, old) {
      const changed = immutableField('type', old['type'], object['type']);
      return [...changed, ...immutableErrors(object, old, ['data']), ...validate(object)];
    },
  };
}
