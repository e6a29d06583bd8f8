import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { compileJsonPath } from '@kcp-ts/schema';
import { expect, test } from 'vitest';
import { encodeTable } from './encode-table.ts';
import { humanDuration } from './human-duration.ts';
import { createTablePrinter } from './table-printer.ts';

const created = '2026-11-21T03:01:37Z';
const now = Date.parse('2026-11-21T03:01:42Z');

const gizmos: ResourceDefinition = {
  group: 'rec.io',
  version: 'v1',
  kind: 'Gizmo',
  listKind: 'GizmoList',
  plural: 'gizmos',
  singular: 'gizmo',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get'],
  subresources: [],
  schema: { type: 'object' },
  columns: [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
    { name: 'Share', type: 'number', jsonPath: '.spec.share' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [],
  dialect: 'custom',
  nameFormat: 'dns-subdomain',
};

function gizmo(fields: object): KubeObject {
  return {
    apiVersion: 'rec.io/v1',
    kind: 'Gizmo',
    metadata: { name: 'one', resourceVersion: '7', creationTimestamp: created },
    ...fields,
  };
}

test.each([
  [-5_000, '<invalid>'],
  [-1_500, '0s'],
  [5_999, '5s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [200_000, '3m20s'],
  [11 * 60_000, '11m'],
  [179 * 60_000, '179m'],
  [4 * 3_600_000, '4h'],
  [7 * 3_600_000 + 5 * 60_000, '7h5m'],
  [47 * 3_600_000, '47h'],
  [53 * 3_600_000, '2d5h'],
  [9 * 86_400_000, '9d'],
  [729 * 86_400_000, '729d'],
  [740 * 86_400_000, '2y10d'],
  [9 * 365 * 86_400_000, '9y'],
])('%d ms are shown as %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

test('custom columns follow the name and keep their types', () => {
  const printer = createTablePrinter(gizmos, compileJsonPath);
  expect(printer.columnDefinitions.map(({ name, type, format, priority }) => [name, type, format, priority])).toEqual([
    ['Name', 'string', 'name', 0],
    ['Size', 'integer', '', 0],
    ['Color', 'string', '', 1],
    ['Ready', 'string', '', 0],
    ['On', 'boolean', '', 0],
    ['Share', 'number', '', 0],
    ['Age', 'date', '', 0],
  ]);
  expect(printer.columnDefinitions[1]?.description).toBe(
    'Custom resource definition column (in JSONPath format): .spec.size',
  );
  const object = gizmo({
    spec: { size: 5, color: 'red', on: false, share: 0.5 },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  expect(printer.cells(object, now)).toEqual(['one', 5, 'red', 'True', false, 0.5, '5s']);
});

test('what is missing or of another type is null in a custom table', () => {
  const printer = createTablePrinter(gizmos, compileJsonPath);
  const object = gizmo({ metadata: { name: 'one' }, spec: { size: 'big', color: ['a', 1], on: 'yes', share: null } });
  expect(printer.cells(object, now)).toEqual(['one', null, '["a",1]', null, null, null, null]);
});

test('a custom kind without columns shows name and age', () => {
  const printer = createTablePrinter({ ...gizmos, columns: [] }, compileJsonPath);
  expect(printer.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Age']);
  expect(printer.cells(gizmo({ metadata: { name: 'one', creationTimestamp: 'soon' } }), now)).toEqual([
    'one',
    '<invalid>',
  ]);
});

const printer = createTablePrinter({ ...gizmos, columns: [] }, compileJsonPath);

function table(options: Partial<Parameters<typeof encodeTable>[2]>, objects: KubeObject | KubeObject[]): unknown {
  return JSON.parse(
    Buffer.from(
      encodeTable(printer, objects, { includeObject: 'Metadata', resourceVersion: '7', ...options }, now),
    ).toString(),
  );
}

test('a table carries the metadata of objects and of the list', () => {
  const object = gizmo({ spec: { size: 1 } });
  expect(table({ continue: 'c', remainingItemCount: 3 }, [object])).toEqual({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '7', continue: 'c', remainingItemCount: 3 },
    columnDefinitions: printer.columnDefinitions,
    rows: [
      {
        cells: ['one', '5s'],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      },
    ],
  });
});

test('a table includes what is asked for, and no columns in later events of a watch', () => {
  const object = gizmo({});
  expect(table({ includeObject: 'Object' }, object)).toMatchObject({ rows: [{ object }] });
  expect(table({ includeObject: 'None', columns: 'omit' }, object)).toMatchObject({
    columnDefinitions: null,
    rows: [{ object: null }],
  });
  expect(table({ resourceVersion: '' }, [])).toMatchObject({ metadata: {}, rows: [] });
});
