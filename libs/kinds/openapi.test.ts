import type { JsonSchema, ResourceDefinition } from '@kcp-ts/api';
import type { Document } from '@kcp-ts/discovery';
import { createOpenApi } from '@kcp-ts/openapi';
import { expect, test } from 'vitest';
import { builtinDefinitions, systemDefinitions } from './kinds.ts';

const widgetSchema: JsonSchema = {
  type: 'object',
  description: 'A widget turns.',
  properties: {
    spec: {
      type: 'object',
      description: 'What it should do.',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, description: 'How big.' },
        port: { 'x-kubernetes-int-or-string': true },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        free: { type: 'array', nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true },
      },
    },
  },
};

const widgets: ResourceDefinition = {
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  listKind: 'WidgetList',
  plural: 'widgets',
  singular: 'widget',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
  subresources: [
    { name: 'status', verbs: ['get', 'patch', 'update'] },
    { name: 'scale', verbs: ['get', 'patch', 'update'], group: 'autoscaling', version: 'v1', kind: 'Scale' },
  ],
  schema: widgetSchema,
  columns: [],
  selectableFields: [],
  dialect: 'custom',
  nameFormat: 'dns-subdomain',
};

const resourceDefinitions = [...builtinDefinitions, ...systemDefinitions, widgets];

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody: { readonly content: Readonly<Record<string, unknown>> };
  readonly consumes: readonly string[];
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': unknown;
}

interface Schema {
  readonly description?: string;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly items?: object;
  readonly 'x-kubernetes-group-version-kind'?: unknown;
}

interface Answer {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly definitions: Readonly<Record<string, Schema>>;
}

interface Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

const slices = { due: false, pause: () => undefined, restart: () => undefined };

function read(document: Document | undefined): Answer {
  return JSON.parse(Buffer.from(document?.bytes ?? []).toString());
}

function pointers(text: string, prefix: string): string[] {
  return [...text.matchAll(new RegExp(`"\\$ref":"#/${prefix}/([^"]+)"`, 'g'))].map((match) => match[1] ?? '');
}

test('the index names every group version with the hash of its document', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  const { paths }: Index = JSON.parse(Buffer.from((await openApi.v3Index(slices)).bytes).toString());
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      'api/v1',
      'apis/admissionregistration.k8s.io/v1',
      'apis/apis.kcp.io/v1alpha1',
      'apis/example.io/v1',
    ]),
  );
  const url = paths['apis/example.io/v1']?.serverRelativeURL;
  expect(url).toBe(`/openapi/v3/apis/example.io/v1?hash=${(await openApi.v3('apis/example.io/v1', slices))?.etag}`);
  expect(await openApi.v3('apis/example.io/v2', slices)).toBeUndefined();
});

test('documents define whatever they point to', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  for (const key of Object.keys(read(await openApi.v3Index(slices)).paths)) {
    const document = await openApi.v3(key, slices);
    const { schemas } = read(document).components;
    const found = pointers(Buffer.from(document?.bytes ?? []).toString(), 'components/schemas');
    expect(found.filter((name) => schemas[name] === undefined)).toEqual([]);
  }
  const v2 = await openApi.v2Json(slices);
  const { definitions } = read(v2);
  const found = pointers(Buffer.from(v2.bytes).toString(), 'definitions');
  expect(found.filter((name) => definitions[name] === undefined)).toEqual([]);
});

test('a kind is called as in Kubernetes and says its group, version and kind', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  const core = read(await openApi.v3('api/v1', slices)).components.schemas;
  expect(core['io.k8s.api.core.v1.ConfigMap']?.['x-kubernetes-group-version-kind']).toEqual([
    { group: '', kind: 'ConfigMap', version: 'v1' },
  ]);
  expect(core['io.k8s.api.authentication.v1.TokenRequest']?.['x-kubernetes-group-version-kind']).toEqual([
    { group: 'authentication.k8s.io', kind: 'TokenRequest', version: 'v1' },
  ]);
  const custom = read(await openApi.v3('apis/example.io/v1', slices)).components.schemas;
  expect(Object.keys(custom)).toEqual(
    expect.arrayContaining(['io.example.v1.Widget', 'io.example.v1.WidgetList', 'io.k8s.api.autoscaling.v1.Scale']),
  );
  expect(custom['io.example.v1.WidgetList']?.['x-kubernetes-group-version-kind']).toEqual([
    { group: 'example.io', kind: 'WidgetList', version: 'v1' },
  ]);
});

test('a custom kind keeps its fields and extensions and gets those of every object', async () => {
  const widget = read(await createOpenApi(resourceDefinitions).v3('apis/example.io/v1', slices)).components.schemas[
    'io.example.v1.Widget'
  ];
  const ObjectMeta = { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };
  expect(Object.keys(widget?.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  expect(widget?.properties['metadata']).toMatchObject({ allOf: [ObjectMeta] });
  const spec = widget?.properties['spec'];
  expect(spec).toMatchObject({ description: 'What it should do.', required: ['size'] });
  expect(spec?.properties['tags']).toEqual(widgetSchema.properties?.['spec']?.properties?.['tags']);
  expect(spec?.properties['free']).toMatchObject({ nullable: true });
  expect(Object.keys(spec?.properties['template']?.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata']);
});

test('the PATCH of a kind can be asked for field validation', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  const path = '/apis/example.io/v1/namespaces/{namespace}/widgets/{name}';
  const patch = read(await openApi.v3('apis/example.io/v1', slices)).paths[path]?.['patch'];
  expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'example.io', version: 'v1', kind: 'Widget' });
  expect(patch?.['x-kubernetes-action']).toBe('patch');
  expect(patch?.parameters.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  const patchV2 = read(await openApi.v2Json(slices)).paths[path]?.['patch'];
  expect(patchV2?.parameters.map(({ name }) => name)).toContain('fieldValidation');
});

test('strategic merge patches are offered for built-in kinds only', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  const strategic = 'application/strategic-merge-patch+json';
  const core = read(await openApi.v3('api/v1', slices)).paths['/api/v1/namespaces/{namespace}/configmaps/{name}']?.[
    'patch'
  ];
  expect(Object.keys(core?.requestBody.content ?? {})).toContain(strategic);
  const custom = read(await openApi.v3('apis/example.io/v1', slices)).paths[
    '/apis/example.io/v1/namespaces/{namespace}/widgets/{name}'
  ]?.['patch'];
  expect(Object.keys(custom?.requestBody.content ?? {})).not.toContain(strategic);
});

test('operations are called as in Kubernetes', async () => {
  const openApi = createOpenApi(resourceDefinitions);
  const ids = async (key: string): Promise<string[]> =>
    Object.values(read(await openApi.v3(key, slices)).paths).flatMap((path) =>
      Object.values(path).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
    );
  expect(await ids('api/v1')).toEqual(
    expect.arrayContaining([
      'readCoreV1NamespacedConfigMap',
      'listCoreV1ConfigMapForAllNamespaces',
      'deleteCoreV1CollectionNamespacedConfigMap',
      'replaceCoreV1NamespaceFinalize',
      'createCoreV1NamespacedServiceAccountToken',
    ]),
  );
  expect(await ids('apis/core.kcp.io/v1alpha1')).toContain('readCoreKcpIoV1alpha1LogicalCluster');
});

test('verbs that a definition lacks have no operation', async () => {
  const openApi = createOpenApi([{ ...widgets, verbs: ['get', 'list'], subresources: [] }]);
  const { paths } = read(await openApi.v3('apis/example.io/v1', slices));
  const methods = Object.values(paths).map((path) => Object.keys(path).filter((key) => key !== 'parameters'));
  expect(methods).toEqual([['get'], ['get'], ['get']]);
});

test('version 2 has no words that Swagger does not know, and every array has items', async () => {
  const widget = read(await createOpenApi(resourceDefinitions).v2Json(slices)).definitions['io.example.v1.Widget'];
  const free = widget?.properties['spec']?.properties['free'];
  expect(free).toEqual({ type: 'array', items: {}, 'x-kubernetes-preserve-unknown-fields': true });
  expect(widget?.properties['metadata']).toMatchObject({
    $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  });
});

test('surfaces with the same definitions in a group version share its document', async () => {
  const one = createOpenApi(resourceDefinitions);
  const other = createOpenApi([...builtinDefinitions]);
  expect(await other.v3('api/v1', slices)).toBe(await one.v3('api/v1', slices));
  expect((await createOpenApi([{ ...widgets }]).v3('apis/example.io/v1', slices))?.etag).toBe(
    (await one.v3('apis/example.io/v1', slices))?.etag,
  );
  expect(await one.v2Json(slices)).toBe(await one.v2Json(slices));
});
