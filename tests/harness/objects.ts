/**
 * The objects that the tests make again and again: workspaces, definitions, exports, bindings, and
 * what lets users in.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { Answer, ApiClient } from './api-client.ts';

/** Any field of a body, without a type for each kind. */
export function field(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined | null)?.[name], object);
}

/** `status/reason` of a condition, for `toBe`. */
export function condition(object: unknown, type: string): string | undefined {
  const conditions = (field(object, 'status.conditions') ?? []) as { type: string; status: string; reason?: string }[];
  const found = conditions.find((candidate) => candidate.type === type);
  return found === undefined ? undefined : `${found.status}${found.reason === undefined ? '' : `/${found.reason}`}`;
}

export function names(list: unknown): string[] {
  return ((field(list, 'items') ?? []) as KubeObject[]).map(({ metadata }) => metadata.name).sort();
}

/** The answer of a write that has to work for the test to go on. */
export async function done(answer: Promise<Answer>): Promise<KubeObject> {
  const { status, text, body } = await answer;
  if (status >= 300) throw new Error(`a step of the test was refused: ${status} ${text}`);
  return body;
}

export const base = (path: string) => `/clusters/${path}`;
export const workspacesOf = (path: string) => `${base(path)}/apis/tenancy.kcp.io/v1alpha1/workspaces`;
export const typesOf = (path: string) => `${base(path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
export const logicalClusterOf = (path: string) => `${base(path)}/apis/core.kcp.io/v1alpha1/logicalclusters/cluster`;
export const exportsOf = (path: string) => `${base(path)}/apis/apis.kcp.io/v1alpha2/apiexports`;
export const bindingsOf = (path: string) => `${base(path)}/apis/apis.kcp.io/v1alpha2/apibindings`;
export const schemasOf = (path: string) => `${base(path)}/apis/apis.kcp.io/v1alpha1/apiresourceschemas`;
export const slicesOf = (path: string) => `${base(path)}/apis/apis.kcp.io/v1alpha1/apiexportendpointslices`;
export const definitionsOf = (path: string) => `${base(path)}/apis/apiextensions.k8s.io/v1/customresourcedefinitions`;
export const configMapsOf = (path: string) => `${base(path)}/api/v1/namespaces/default/configmaps`;
export const rbacOf = (path: string) => `${base(path)}/apis/rbac.authorization.k8s.io/v1`;

export interface MadeWorkspace {
  readonly path: string;
  readonly cluster: string;
}

export async function makeWorkspace(
  client: ApiClient,
  parent: string,
  name: string,
  spec?: object,
): Promise<MadeWorkspace> {
  const wanted = {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
    ...(spec === undefined ? {} : { spec }),
  };
  await done(client.post(workspacesOf(parent), wanted));
  const ready = await client.until(
    `${workspacesOf(parent)}/${name}`,
    ({ body }) => field(body, 'status.phase') === 'Ready',
  );
  return { path: `${parent}:${name}`, cluster: String(field(ready.body, 'spec.cluster')) };
}

export const anySchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const cowboySchema = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { intent: { type: 'string' }, herd: { type: 'integer' } } },
    status: { type: 'object', properties: { result: { type: 'string' } } },
  },
};

function capital(singular: string): string {
  return `${singular.slice(0, 1).toUpperCase()}${singular.slice(1)}`;
}

export function namesOf(plural: string) {
  const singular = plural.slice(0, -1);
  return { plural, singular, kind: capital(singular), listKind: `${capital(singular)}List` };
}

export interface ResourceOptions {
  readonly group?: string;
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly schema?: object;
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

function versionOf(options: ResourceOptions) {
  const { selectableFields } = options;
  const more = selectableFields === undefined ? {} : { selectableFields };
  return { name: 'v1alpha1', served: true, storage: true, subresources: { status: {} }, ...more };
}

export function resourceSchema(plural: string, options: ResourceOptions = {}) {
  const { group = 'wild.west', scope = 'Namespaced', schema = cowboySchema, annotations } = options;
  return {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `today.${plural}.${group}`, ...(annotations === undefined ? {} : { annotations }) },
    spec: { group, names: namesOf(plural), scope, versions: [{ ...versionOf(options), schema }] },
  };
}

export function definition(plural: string, options: ResourceOptions = {}) {
  const { group = 'wild.west', scope = 'Namespaced', schema = cowboySchema } = options;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: namesOf(plural),
      scope,
      versions: [{ ...versionOf(options), schema: { openAPIV3Schema: schema } }],
    },
  };
}

export async function define(
  client: ApiClient,
  path: string,
  plural: string,
  options: ResourceOptions = {},
): Promise<void> {
  const made = await done(client.post(definitionsOf(path), definition(plural, options)));
  await client.until(
    `${definitionsOf(path)}/${made.metadata.name}`,
    ({ body }) => condition(body, 'Established')?.startsWith('True') === true,
  );
}

export interface Claim {
  readonly group?: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly identityHash?: string;
}

export interface ExportOptions {
  readonly resources?: readonly { readonly plural: string; readonly group?: string }[];
  readonly claims?: readonly Claim[];
  readonly identity?: object;
}

export function exportOf(name: string, options: ExportOptions = {}) {
  const resources = (options.resources ?? []).map(({ plural, group = 'wild.west' }) => ({
    name: plural,
    group,
    schema: `today.${plural}.${group}`,
    storage: { crd: {} },
  }));
  const more = {
    ...(options.claims === undefined ? {} : { permissionClaims: options.claims }),
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  };
  return { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name }, spec: { resources, ...more } };
}

/** The schema and the export of one resource; the export's identity hash. */
export async function provide(
  client: ApiClient,
  path: string,
  name: string,
  plural: string,
  claims: readonly Claim[] = [],
  options: ResourceOptions = {},
): Promise<string> {
  await done(client.post(schemasOf(path), resourceSchema(plural, options)));
  const { group = 'wild.west' } = options;
  await done(client.post(exportsOf(path), exportOf(name, { resources: [{ plural, group }], claims })));
  const ready = await client.until(
    `${exportsOf(path)}/${name}`,
    ({ body }) => condition(body, 'IdentityValid') === 'True',
  );
  return String(field(ready.body, 'status.identityHash'));
}

export const accepted = (claim: Claim) => ({ ...claim, selector: { matchAll: true }, state: 'Accepted' });
export const rejected = (claim: Claim) => ({ ...claim, selector: { matchAll: true }, state: 'Rejected' });

export function bindingTo(name: string, path: string, exportName: string, claims: readonly object[] = []) {
  const spec = { reference: { export: { path, name: exportName } }, permissionClaims: claims };
  return { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIBinding', metadata: { name }, spec };
}

export async function bind(
  client: ApiClient,
  consumer: string,
  provider: string,
  exportName: string,
  claims: readonly object[] = [],
): Promise<void> {
  await done(client.post(bindingsOf(consumer), bindingTo(exportName, provider, exportName, claims)));
  await client.until(`${bindingsOf(consumer)}/${exportName}`, ({ body }) => field(body, 'status.phase') === 'Bound');
}

/** The path of an export's virtual workspace, as its slice gives it. */
export async function virtualWorkspace(client: ApiClient, provider: string, exportName: string): Promise<string> {
  const slice = await client.until(
    `${slicesOf(provider)}/${exportName}`,
    ({ body }) => field(body, 'status.endpoints.0.url') !== undefined,
  );
  return new URL(String(field(slice.body, 'status.endpoints.0.url'))).pathname;
}

/** A cluster role of that name with these rules, and a user bound to it. */
export async function grant(
  client: ApiClient,
  path: string,
  name: string,
  user: string,
  rules: readonly object[],
): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await done(
    client.post(`${rbacOf(path)}/clusterroles`, { apiVersion, kind: 'ClusterRole', metadata: { name }, rules }),
  );
  await bindRole(client, path, name, user, name);
}

export async function bindRole(
  client: ApiClient,
  path: string,
  name: string,
  user: string,
  role: string,
): Promise<void> {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  await done(
    client.post(`${rbacOf(path)}/clusterrolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      subjects,
      roleRef,
    }),
  );
}

/** Lets a user into a workspace, with no rights but those of everybody in it. */
export const admit = (client: ApiClient, path: string, user: string) =>
  bindRole(client, path, `access-${user}`, user, 'system:kcp:workspace:access');

export function configMap(name: string, more: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' }, ...more };
}

export function custom(kind: string, name: string, more: object = {}, group = 'wild.west') {
  return { apiVersion: `${group}/v1alpha1`, kind, metadata: { name }, ...more };
}
