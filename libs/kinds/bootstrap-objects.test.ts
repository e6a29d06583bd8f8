import type { JsonSchema, KubeObject } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { PolicyRule } from '@kcp-ts/authz';
import { resourceSchemaObject, rootObjects, systemAdminObjects } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import { boundDefinitions, builtinDefinitions, rootExports, systemDefinitions } from './kinds.ts';

const definitions = [...builtinDefinitions, ...systemDefinitions, ...boundDefinitions];
const root = rootObjects({
  externalUrl: 'https://kcp.test:6443',
  caData: 'PEM',
  shardName: 'one',
  now: '2026-01-02T03:04:05Z',
  exports: rootExports,
});
const systemAdmin = systemAdminObjects();
const all = [...systemAdmin, ...root];

function ofKind(objects: readonly KubeObject[], kind: string): KubeObject[] {
  return objects.filter((object) => object.kind === kind);
}

function unknownFields(value: unknown, schema: JsonSchema | undefined, path: string): string[] {
  if (schema === undefined) return [path];
  if (value === null || typeof value !== 'object' || schema['x-kubernetes-preserve-unknown-fields'] === true) return [];
  if (Array.isArray(value)) return value.flatMap((item) => unknownFields(item, schema.items, `${path}[]`));
  const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return Object.entries(value).flatMap(([name, field]) =>
    unknownFields(field, schema.properties?.[name] ?? values, `${path}.${name}`),
  );
}

it('every object is of a kind that is served and has no field that its schema does not know', () => {
  for (const { metadata, ...object } of all) {
    const definition = definitions.find(
      (one) => one.kind === object.kind && groupVersionText(one) === object.apiVersion,
    );
    expect(unknownFields(object, definition?.schema, ''), `${object.kind} ${metadata.name}`).toEqual([]);
    expect(metadata.namespace !== undefined, metadata.name).toBe(definition?.namespaced);
  }
});

it('no object is there twice', () => {
  for (const objects of [root, systemAdmin]) {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  }
});

it('namespaces come before what stands in them', () => {
  root.forEach(({ metadata }, index) => {
    if (metadata.namespace === undefined) return;
    const before = ofKind(root.slice(0, index), 'Namespace').map((namespace) => namespace.metadata.name);
    expect(before).toContain(metadata.namespace);
  });
});

it('every binding gives a role that is there', () => {
  const roles = ofKind(all, 'ClusterRole').map(({ metadata }) => metadata.name);
  for (const binding of ofKind(all, 'ClusterRoleBinding')) {
    expect(roles).toContain((binding['roleRef'] as { name: string }).name);
  }
});

it('roles speak of resources that are served', () => {
  const served = new Set(
    definitions.flatMap(({ group, plural, subresources }) => [
      `${group} ${plural}`,
      ...subresources.map(({ name }) => `${group} ${plural}/${name}`),
    ]),
  );
  const known = (group: string, resource: string) =>
    resource === '*' ||
    (group === 'certificates.k8s.io' && resource === 'signers') ||
    served.has(`${group} ${resource}`);
  for (const role of ofKind(all, 'ClusterRole')) {
    for (const { apiGroups = [], resources = [] } of role['rules'] as readonly PolicyRule[]) {
      const unknown = resources.filter((resource) => !apiGroups.every((group) => known(group, resource)));
      expect(unknown, role.metadata.name).toEqual([]);
    }
  }
});

it('aggregated roles hold the rules of the roles they select', () => {
  const roles = ofKind(systemAdmin, 'ClusterRole');
  for (const role of roles) {
    const aggregation = role['aggregationRule'] as
      | { clusterRoleSelectors: { matchLabels: Record<string, string> }[] }
      | undefined;
    for (const { matchLabels } of aggregation?.clusterRoleSelectors ?? []) {
      const [key = ''] = Object.keys(matchLabels);
      for (const selected of roles.filter(({ metadata }) => metadata.labels?.[key] === 'true')) {
        expect(role['rules']).toEqual(expect.arrayContaining([...(selected['rules'] as readonly PolicyRule[])]));
      }
    }
  }
});

it('exports of root offer every definition that is bound, by schemas that are there', () => {
  expect(new Set(rootExports.flatMap((one) => one.definitions))).toEqual(new Set(boundDefinitions));
  const schemas = ofKind(root, 'APIResourceSchema').map(({ metadata }) => metadata.name);
  const offered = ofKind(root, 'APIExport').flatMap(
    ({ spec }) => (spec as { resources: { schema: string }[] }).resources,
  );
  expect(offered.map(({ schema }) => schema).sort()).toEqual([...schemas].sort());
  for (const { group, name, schema } of offered as { group: string; name: string; schema: string }[]) {
    expect(schema).toMatch(/^[a-z][-a-z0-9]*[a-z0-9]\./);
    expect(schema.endsWith(`.${name}.${group}`)).toBe(true);
  }
});

it('a schema with another spec has another name', () => {
  const [definition] = boundDefinitions;
  if (definition === undefined) throw new Error('no bound definitions');
  const same = resourceSchemaObject({ ...definition });
  const other = resourceSchemaObject({ ...definition, shortNames: ['other'] });
  expect(same.metadata.name).toBe(resourceSchemaObject(definition).metadata.name);
  expect(other.metadata.name).not.toBe(same.metadata.name);
});

it('the types of root say where those who prepare them find their workspaces', () => {
  const types = ofKind(root, 'WorkspaceType').map(({ metadata, status }) => [
    metadata.name,
    (status as { virtualWorkspaces: { url: string }[] }).virtualWorkspaces[0]?.url,
  ]);
  expect(Object.fromEntries(types)).toEqual({
    home: 'https://kcp.test:6443/services/initializingworkspaces/root:home',
    organization: 'https://kcp.test:6443/services/initializingworkspaces/root:organization',
    root: 'https://kcp.test:6443/services/initializingworkspaces/root:root',
    team: 'https://kcp.test:6443/services/initializingworkspaces/root:team',
    universal: 'https://kcp.test:6443/services/initializingworkspaces/root:universal',
  });
});
