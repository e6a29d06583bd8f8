/**
 * kube-apiserver's EncryptionConfiguration (apiserver.config.k8s.io/v1), of
 * `--encryption-provider-config`. What is wrong is named by its field; a secret is never shown.
 */
import { load } from 'js-yaml';

export interface NamedSecret {
  readonly name: string;
  readonly secret: Uint8Array;
}

export interface KmsConfiguration {
  readonly name: string;
  /** Path of the socket of the key management service. */
  readonly socket: string;
  readonly timeoutMs: number;
}

export type ProviderConfiguration =
  | { readonly kind: 'identity' }
  | { readonly kind: 'aesgcm' | 'aescbc' | 'secretbox'; readonly keys: readonly [NamedSecret, ...NamedSecret[]] }
  | { readonly kind: 'kms'; readonly kms: KmsConfiguration };

export interface ResourceEncryption {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (all of the core group) or `*.*`. */
  readonly resources: readonly string[];
  /** The first one writes, each one reads. */
  readonly providers: readonly [ProviderConfiguration, ...ProviderConfiguration[]];
}

export type EncryptionConfiguration = readonly ResourceEncryption[];

type Fields = Readonly<Record<string, unknown>>;

const secretLengths = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] } as const;
const kmsTimeoutMsDefault = 3_000;
const resourcePattern = /^(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9.-]+)?|\*\.(?:\*|[a-z0-9.-]*))$/;

/** The configuration cannot be used; the message names the field. */
export class ConfigurationError extends Error {}

function wrong(field: string, why: string): ConfigurationError {
  return new ConfigurationError(field === '' ? why : `${field}: ${why}`);
}

function fieldsOf(value: unknown, field: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, 'must be an object');
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw wrong(field, `unknown field ${JSON.stringify(name)}`);
  }
  return value as Fields;
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, 'must have at least one item');
  return value;
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(field, 'must be set');
  return value;
}

function secretOf(value: unknown, field: string, kind: keyof typeof secretLengths): Uint8Array {
  const text = textOf(value, field);
  const secret = Buffer.from(text, 'base64');
  if (secret.toString('base64') !== text.replaceAll(/\s/g, '')) throw wrong(field, 'must be base64 encoded');
  const lengths: readonly number[] = secretLengths[kind];
  if (!lengths.includes(secret.length))
    throw wrong(field, `secret is not of the expected length, got ${secret.length}, expected one of ${lengths.join()}`);
  return secret;
}

function nameOf(value: unknown, field: string): string {
  const name = textOf(value, field);
  // It stands between colons in what is stored.
  if (name.includes(':')) throw wrong(field, 'must not contain a colon');
  return name;
}

function keysOf(value: unknown, field: string, kind: keyof typeof secretLengths): [NamedSecret, ...NamedSecret[]] {
  const { keys } = fieldsOf(value, field, ['keys']);
  const named = listOf(keys, `${field}.keys`).map((each, index) => {
    const at = `${field}.keys[${index}]`;
    const { name, secret } = fieldsOf(each, at, ['name', 'secret']);
    return { name: nameOf(name, `${at}.name`), secret: secretOf(secret, `${at}.secret`, kind) };
  });
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw wrong(`${field}.keys`, `two keys are called ${JSON.stringify(twice.name)}`);
  return named as [NamedSecret, ...NamedSecret[]];
}

/** As Go writes durations: `3s`, `500ms`. */
function timeoutOf(value: unknown, field: string): number {
  if (value === undefined) return kmsTimeoutMsDefault;
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(String(value)) ?? [];
  const ms = Number(count) * ({ ms: 1, s: 1_000, m: 60_000 }[unit] ?? 0);
  if (!(ms > 0)) throw wrong(field, 'must be a positive duration, 3s for one');
  return ms;
}

function kmsOf(value: unknown, field: string): KmsConfiguration {
  const { apiVersion, name, endpoint, timeout } = fieldsOf(value, field, [
    'apiVersion',
    'name',
    'endpoint',
    'timeout',
    'cachesize',
  ]);
  if (apiVersion !== 'v2') throw wrong(`${field}.apiVersion`, 'unsupported apiVersion for KMS provider, only v2 is');
  const address = textOf(endpoint, `${field}.endpoint`);
  if (!address.startsWith('unix://'))
    throw wrong(`${field}.endpoint`, 'must be a unix socket, unix:///run/kms.sock for one');
  return {
    name: nameOf(name, `${field}.name`),
    socket: address.slice('unix://'.length),
    timeoutMs: timeoutOf(timeout, `${field}.timeout`),
  };
}

function providerOf(value: unknown, field: string): ProviderConfiguration {
  const fields = fieldsOf(value, field, ['aesgcm', 'aescbc', 'secretbox', 'identity', 'kms']);
  const [kind, ...others] = Object.keys(fields);
  if (kind === undefined || others.length > 0) throw wrong(field, 'must name exactly one provider');
  switch (kind) {
    case 'identity':
      fieldsOf(fields[kind] ?? {}, `${field}.identity`, []);
      return { kind };
    case 'kms':
      return { kind, kms: kmsOf(fields[kind], `${field}.kms`) };
    case 'aesgcm':
    case 'aescbc':
    case 'secretbox':
      return { kind, keys: keysOf(fields[kind], `${field}.${kind}`, kind) };
    default:
      throw wrong(field, `unknown provider ${JSON.stringify(kind)}`);
  }
}

function resourceOf(value: unknown, field: string): string {
  const text = textOf(value, field);
  if (!resourcePattern.test(text))
    throw wrong(field, `${JSON.stringify(text)} is no resource: secrets, deployments.apps, *.apps and *.* are`);
  return text;
}

function encryptionOf(value: unknown, field: string): ResourceEncryption {
  const { resources, providers } = fieldsOf(value, field, ['resources', 'providers']);
  const found = listOf(providers, `${field}.providers`).map((each, index) =>
    providerOf(each, `${field}.providers[${index}]`),
  );
  return {
    resources: listOf(resources, `${field}.resources`).map((each, index) =>
      resourceOf(each, `${field}.resources[${index}]`),
    ),
    providers: found as [ProviderConfiguration, ...ProviderConfiguration[]],
  };
}

/**
 * A file's text, YAML or JSON. Throws ConfigurationError for what is no EncryptionConfiguration, or
 * would not do what it says: a resource behind one that already covers it.
 */
export function parseEncryptionConfiguration(text: string): EncryptionConfiguration {
  let document: unknown;
  try {
    document = load(text);
  } catch {
    // The parser's own message quotes lines of the file.
    throw wrong('', 'the file is neither YAML nor JSON');
  }
  const { apiVersion, kind, resources } = fieldsOf(document, '', ['apiVersion', 'kind', 'resources', 'metadata']);
  if (kind !== 'EncryptionConfiguration') throw wrong('kind', 'must be EncryptionConfiguration');
  if (apiVersion !== 'apiserver.config.k8s.io/v1') throw wrong('apiVersion', 'must be apiserver.config.k8s.io/v1');
  const configuration = listOf(resources, 'resources').map((each, index) => encryptionOf(each, `resources[${index}]`));
  const services = kmsServicesOf(configuration);
  for (const { name } of services) {
    if (services.filter((other) => other.name === name).length > 1)
      throw wrong('resources', `two kms providers are called ${JSON.stringify(name)}`);
  }
  const before: string[] = [];
  for (const [index, each] of configuration.entries()) {
    for (const [place, resource] of each.resources.entries()) {
      const covering = before.find((earlier) => covers(earlier, resource));
      if (covering !== undefined)
        throw wrong(
          `resources[${index}].resources[${place}]`,
          `${JSON.stringify(resource)} is covered by ${JSON.stringify(covering)} before it`,
        );
      before.push(resource);
    }
  }
  return configuration;
}

/** The key management services that it names. */
export function kmsServicesOf(configuration: EncryptionConfiguration): readonly KmsConfiguration[] {
  return configuration.flatMap(({ providers }) => providers.flatMap((each) => (each.kind === 'kms' ? each.kms : [])));
}

/** Whether an entry is about a resource, or about all of what another entry is about. */
export function covers(entry: string, resource: string): boolean {
  if (entry === resource || entry === '*.*') return true;
  if (!entry.startsWith('*.')) return false;
  const dot = resource.indexOf('.');
  return (dot < 0 ? '' : resource.slice(dot + 1)) === entry.slice('*.'.length);
}
