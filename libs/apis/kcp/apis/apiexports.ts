import type { ResourceDefinition } from '@kcp-ts/api';
import { ageDate, kcpDefinition, partOf } from '../../define-resource.ts';
import type { Fields } from '../../schema-builder.ts';
import { kindSchema, list, mapList, object, setList, string, text } from '../../schema-builder.ts';
import { conditions } from '../common-schemas.ts';
import { claimFields, legacyExportClaimFields } from './permission-claims.ts';

export const exportDescription = 'APIExport offers APIs to other workspaces, which bind them.';

const specFields: Fields = {
  identity: object('What tells this export from all others.', {
    secretRef: object(
      'The Secret that holds the key of the identity; made by the server when empty.',
      { name: text('Name of the Secret.'), namespace: text('Namespace of the Secret.') },
      undefined,
      { 'x-kubernetes-map-type': 'atomic' },
    ),
  }),
  maximalPermissionPolicy: object(
    'The most that consumers may do with the exported APIs.',
    { local: object('RBAC of this workspace, for users and groups prefixed with `apis.kcp.io:binding:`.', {}) },
    undefined,
    { oneOf: [{ required: ['local'] }] },
  ),
};

const status = object('What became of the export.', {
  conditions,
  identityHash: text('Hash of the identity; others may know it.'),
  virtualWorkspaces: list(
    'No longer filled: see APIExportEndpointSlice.',
    object('A virtual workspace.', { url: text('Where it is.', { minLength: 1 }) }, ['url']),
  ),
});

const resource = object(
  'A resource and its schema.',
  {
    group: text('API group; empty for the core group.'),
    name: text('Resource, in plural.'),
    schema: text('Name of the APIResourceSchema, in this workspace.'),
    storage: object(
      'Where the objects are.',
      {
        crd: object('In the workspaces of the consumers.', {}),
        virtual: object(
          'Nowhere: an endpoint slice says who answers.',
          {
            identityHash: text('Identity of the resource.'),
            reference: object(
              'The endpoint slice.',
              {
                apiGroup: text('API group of the endpoint slice.'),
                kind: text('Kind of the endpoint slice.'),
                name: text('Name of the endpoint slice.'),
              },
              ['kind', 'name'],
              { 'x-kubernetes-map-type': 'atomic' },
            ),
          },
          ['identityHash', 'reference'],
        ),
      },
      undefined,
      { default: { crd: {} }, oneOf: [{ required: ['crd'] }, { required: ['virtual'] }] },
    ),
  },
  ['group', 'name', 'schema'],
);

export const apiExportsV1alpha2: ResourceDefinition = kcpDefinition({
  group: 'apis.kcp.io',
  version: 'v1alpha2',
  kind: 'APIExport',
  plural: 'apiexports',
  subresources: [partOf('status')],
  strategy: 'apiexports',
  rules: true,
  columns: [ageDate],
  schema: kindSchema(exportDescription, {
    spec: object('What is offered.', {
      ...specFields,
      permissionClaims: mapList(
        "What the provider needs of the consumers' other resources.",
        ['group', 'resource'],
        object('A resource and what to do with it.', claimFields, ['resource', 'verbs']),
      ),
      resources: mapList('Resources that consumers get.', ['name', 'group'], resource),
    }),
    status,
  }),
});

/** What the alias group shares. */
export const apiExportV1alpha1Fields: Fields = {
  spec: object('What is offered.', {
    ...specFields,
    latestResourceSchemas: setList('Names of APIResourceSchemas, in this workspace.', string),
    permissionClaims: mapList(
      "What the provider needs of the consumers' other resources.",
      ['group', 'resource'],
      object('A resource and which of its objects.', legacyExportClaimFields, ['resource']),
    ),
  }),
  status,
};

export const apiExportsV1alpha1: ResourceDefinition = kcpDefinition({
  ...apiExportsV1alpha2,
  version: 'v1alpha1',
  storageVersion: 'v1alpha2',
  columns: [
    ageDate,
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="VirtualWorkspaceURLsReady")].status' },
  ],
  schema: kindSchema(exportDescription, apiExportV1alpha1Fields),
});
