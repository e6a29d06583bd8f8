/** Reads the configuration file of `kcp-ts credentials`, and says where it is wrong. */
import { isIP } from '@kcp-ts/base';
import { WrongOption } from '@kcp-ts/flags';
import { decodeYaml } from '@kcp-ts/http';
import type { Wanted, WantedCredentials } from './wanted.ts';

export const apiVersion = 'credentials.kcp-ts.io/v1alpha1';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFilled: Check = (value) => typeof value === 'string' && value !== '';
/** As Kubernetes names Secrets; folders have the same names. */
const isName: Check = (value) => typeof value === 'string' && /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(value);
const isListOf = (check: Check) => (value: unknown) => Array.isArray(value) && value.every(check);
const isOneOf = (...values: readonly string[]) => isListedIn.bind(undefined, values);
const isHost: Check = (value) =>
  typeof value === 'string' && (isIP(value) > 0 || /^(\*\.)?[A-Za-z0-9.-]+$/.test(value));
const isUrl: Check = (value) => typeof value === 'string' && URL.canParse(value) && value.startsWith('https://');

function isListedIn(values: readonly string[], value: unknown): boolean {
  return values.some((one) => one === value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const hasFields = (fields: Readonly<Record<string, Check>>) => (value: unknown) =>
  isObject(value) && wrongFields(value, fields).length === 0;

/** The fields that are missing, wrong or unknown. */
function wrongFields(value: Fields, fields: Readonly<Record<string, Check>>): readonly string[] {
  const wrong = Object.entries(fields).flatMap(([name, check]) => (check(value[name]) ? [] : [name]));
  return [...wrong, ...Object.keys(value).filter((name) => fields[name] === undefined)];
}

const named = { kind: isText, name: isName };
/** What each kind of credential is made of. */
const fieldsOf: Readonly<Record<Wanted['kind'], Readonly<Record<string, Check>>>> = {
  Authority: { ...named, commonName: isFilled, key: isOneOf('ec', 'rsa') },
  Certificate: {
    ...named,
    authority: isName,
    commonName: isFilled,
    organizations: isListOf(isFilled),
    usages: isListOf(isOneOf('server', 'client')),
    hosts: isListOf(isHost),
  },
  SigningKey: named,
  Tokens: { ...named, users: isListOf(hasFields({ name: isFilled, groups: isListOf(isFilled) })) },
  Password: named,
  NatsUsers: { ...named, users: isListOf(hasFields({ name: isFilled, password: isName, shard: isText })) },
  Kubeconfig: { ...named, server: isUrl, authority: isName, tokens: isName, user: isFilled },
};

/** Throws WrongOption, with the place, for a file that cannot be used. */
export function readWanted(text: string, path: string): WantedCredentials {
  const refuse = (reason: string): never => {
    throw new WrongOption(`${path}: ${reason}`);
  };
  const { value } = decodeYaml(Buffer.from(text), { strict: false });
  if (!isObject(value) || value['apiVersion'] !== apiVersion) return refuse(`apiVersion must be ${apiVersion}`);
  const { labels = {}, credentials } = value;
  if (!isObject(labels) || !Object.values(labels).every(isText)) return refuse('labels must be a map of texts');
  if (!Array.isArray(credentials)) return refuse('credentials must be a list');
  const names = new Set<string>();
  for (const [index, wanted] of credentials.entries()) {
    const place = `credentials[${index}]`;
    const fields = isObject(wanted) ? fieldsOf[String(wanted['kind']) as Wanted['kind']] : undefined;
    if (fields === undefined) return refuse(`${place}.kind must be one of ${Object.keys(fieldsOf).join(', ')}`);
    const [wrong] = wrongFields(wanted, fields);
    if (wrong !== undefined) return refuse(`${place}.${wrong} is missing, unknown or not what it should be`);
    if (names.has(wanted.name)) return refuse(`${place}.name ${wanted.name} is there twice`);
    names.add(wanted.name);
  }
  return { labels: labels as WantedCredentials['labels'], credentials: credentials as readonly Wanted[] };
}
