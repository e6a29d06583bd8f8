/** Walks every definition: what is true of one must be true of all. */
import type { JsonSchema, ResourceDefinition } from '@kcp-ts/api';
import { groupResourceText, groupVersionText } from '@kcp-ts/api';
import { objectMetaSchema } from '@kcp-ts/openapi';
import { describe, expect, it } from 'vitest';
import { boundDefinitions, builtinDefinitions, systemDefinitions } from './kinds.ts';

const definitions: readonly ResourceDefinition[] = [...builtinDefinitions, ...systemDefinitions, ...boundDefinitions];
const named = definitions.map(
  (definition) => [`${groupResourceText(definition)}/${definition.version}`, definition] as const,
);
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const kind = /^[A-Z][A-Za-z0-9]*$/;

/** Where a JSONPath leads: filters and indices lead to the items of a list. */
function schemaAt(definition: ResourceDefinition, path: string): JsonSchema | undefined {
  let at: JsonSchema | undefined = {
    ...definition.schema,
    properties: { ...definition.schema.properties, metadata: objectMetaSchema },
  };
  for (const [step, field] of path.matchAll(/\.([A-Za-z]+)|\[[^\]]*\]/g)) {
    if (field !== undefined) at = at?.properties?.[field];
    else if (step.startsWith("['"))
      at = typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined;
    else at = at?.items;
  }
  return at;
}

/** What keeps a schema from being structural, well described and true to itself. */
function faults(schema: JsonSchema, path: string, custom: boolean): string[] {
  const found: string[] = [];
  const isField = !path.endsWith('[]') && !path.endsWith('{}') && !path.startsWith('.metadata');
  if (schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true) found.push(`${path}: no type`);
  if (isField && (schema.description ?? '') === '') found.push(`${path}: no description`);
  if (schema.pattern !== undefined) new RegExp(schema.pattern, 'u');
  for (const name of schema.required ?? []) {
    if (schema.properties?.[name] === undefined) found.push(`${path}: requires ${name}, which it does not have`);
  }
  if (schema.type === 'array') found.push(...listFaults(schema, path, custom));
  if (schema.default !== undefined && !hasType(schema.default, schema)) found.push(`${path}: default of another type`);
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    found.push(...faults(field, `${path}.${name}`, custom));
  }
  if (typeof schema.additionalProperties === 'object') {
    if (schema.properties !== undefined) found.push(`${path}: both fields and values`);
    found.push(...faults(schema.additionalProperties, `${path}{}`, custom));
  }
  return found;
}

function listFaults(schema: JsonSchema, path: string, custom: boolean): string[] {
  const { items } = schema;
  if (items === undefined) return [`${path}: no items`];
  const found = faults(items, `${path}[]`, custom);
  const keys = schema['x-kubernetes-list-map-keys'];
  if ((keys !== undefined) !== (schema['x-kubernetes-list-type'] === 'map')) found.push(`${path}: keys and no map`);
  for (const key of keys ?? []) {
    const field = items.properties?.[key];
    if (field === undefined) found.push(`${path}: no key ${key}`);
    // A custom kind's keys must be there: what is compared by them would otherwise have no
    // identity.
    else if (custom && !items.required?.includes(key) && field.default === undefined)
      found.push(`${path}: ${key} may miss`);
  }
  return found;
}

function hasType(value: unknown, schema: JsonSchema): boolean {
  if (value === null) return schema.nullable === true;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  return typeof value === (schema.type === 'integer' ? 'number' : schema.type);
}

describe('definitions', () => {
  it('are each there once', () => {
    expect(new Set(named.map(([name]) => name)).size).toBe(definitions.length);
  });

  it('leave out what runs programs', () => {
    const absent = ['pods', 'services', 'nodes', 'deployments', 'jobs', 'flowschemas', 'validatingadmissionpolicies'];
    expect(definitions.filter(({ plural }) => absent.includes(plural))).toEqual([]);
  });

  it('that are aliases name a definition that is stored', () => {
    for (const definition of definitions.filter(({ aliasOf }) => aliasOf !== undefined)) {
      const stored = definitions.find(
        ({ group, version, plural }) =>
          group === definition.aliasOf?.group && version === definition.aliasOf.version && plural === definition.plural,
      );
      expect(stored?.aliasOf, groupResourceText(definition)).toBeUndefined();
      expect(stored?.storageVersion ?? stored?.version, groupResourceText(definition)).toBe(
        definition.aliasOf?.version,
      );
      expect(stored?.kind).toBe(definition.kind);
    }
  });

  it('with a storage version have a definition for it', () => {
    for (const definition of definitions.filter(({ storageVersion }) => storageVersion !== undefined)) {
      const names = definitions.filter(
        ({ group, plural }) => group === definition.group && plural === definition.plural,
      );
      expect(names.map(({ version }) => version)).toContain(definition.storageVersion);
    }
  });

  it('are listed to clients like this', async () => {
    const lines = definitions.flatMap((definition) => [
      [
        groupVersionText(definition),
        definition.plural,
        definition.kind,
        definition.namespaced ? 'namespaced' : 'cluster',
        definition.verbs.join(','),
        ...definition.shortNames,
        ...definition.categories,
      ],
      ...definition.subresources.map((part) => [
        groupVersionText(definition),
        `${definition.plural}/${part.name}`,
        part.kind ?? definition.kind,
        part.verbs.join(','),
      ]),
    ]);
    await expect(`${lines.map((line) => line.join(' ')).join('\n')}\n`).toMatchFileSnapshot('./definitions.golden.txt');
  });
});

describe.each(named)('%s', (_, definition) => {
  it('has legal names', () => {
    expect(definition.kind).toMatch(kind);
    expect(definition.listKind).toBe(`${definition.kind}List`);
    expect(definition.singular).toBe(definition.kind.toLowerCase());
    for (const name of [definition.plural, definition.singular, ...definition.shortNames, ...definition.categories])
      expect(name).toMatch(label);
    for (const part of definition.group.split('.')) if (definition.group !== '') expect(part).toMatch(label);
    expect(definition.version).toMatch(/^v[1-9][0-9]*(?:(?:alpha|beta)[1-9][0-9]*)?$/);
  });

  it('has verbs that the server knows', () => {
    expect(
      definition.virtual === true
        ? definition.verbs
        : verbs.filter((verb) => !definition.verbs.includes(verb as never)),
    ).toEqual(
      definition.virtual === true ? ['create'] : definition.plural === 'namespaces' ? ['deletecollection'] : [],
    );
    for (const part of definition.subresources) for (const verb of part.verbs) expect(verbs).toContain(verb);
  });

  it('has a schema that is structural, described and true to itself', () => {
    expect(definition.schema.properties?.['metadata']).toMatchObject({ type: 'object' });
    expect(faults(definition.schema, '', definition.dialect === 'custom')).toEqual([]);
    for (const { schema } of definition.subresources)
      if (schema !== undefined) expect(faults(schema, '', false)).toEqual([]);
  });

  it('has columns that lead somewhere', () => {
    for (const { name, cell, jsonPath } of definition.columns) {
      expect(
        [cell, jsonPath].filter((source) => source !== undefined),
        name,
      ).toHaveLength(1);
      if (jsonPath !== undefined) expect(schemaAt(definition, jsonPath)?.type, `${name}: ${jsonPath}`).toBeDefined();
    }
    const isBuiltinTable = definition.dialect === 'builtin' && definition.virtual !== true;
    expect(definition.columns.filter(({ format }) => format === 'name')).toHaveLength(isBuiltinTable ? 1 : 0);
  });

  it('has selectable fields that are there', () => {
    for (const path of definition.selectableFields) expect(schemaAt(definition, path), path).toBeDefined();
  });

  it('has a status to write where it has a status subresource', () => {
    const hasPart = definition.subresources.some(({ name }) => name === 'status');
    if (hasPart) expect(definition.schema.properties?.['status']).toBeDefined();
  });
});

it('objectMetaSchema is structural, described and true to itself', () => {
  expect(faults(objectMetaSchema, '', false)).toEqual([]);
});
