import type { Fields } from '@kcp-ts/schema/builder';
import { kindSchema, list, mapList, object, setList, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, kcpVersion, partOf } from '../../../common/kind.ts';
import { conditions } from '../../common/schemas.ts';
import { claimFields, legacyExportClaimFields } from '../permission-claims.ts';
import { apiExportConversion } from './conversion.ts';
import { createApiExportsStrategy } from './strategy.ts';

const exportDescription = 'APIExport offers APIs to other workspaces, which bind them.';

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

export const apiExportsV1alpha2: Kind = kcpKind({
  group: 'apis.kcp.io',
  version: 'v1alpha2',
  kind: 'APIExport',
  plural: 'apiexports',
  subresources: [partOf('status')],
  strategy: createApiExportsStrategy,
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

const v1alpha1Fields: Fields = {
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

export const apiExportsV1alpha1: Kind = kcpVersion(apiExportsV1alpha2, {
  version: 'v1alpha1',
  conversion: apiExportConversion('apis.kcp.io/v1alpha1'),
  columns: [
    ageDate,
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="VirtualWorkspaceURLsReady")].status' },
  ],
  schema: kindSchema(exportDescription, v1alpha1Fields),
});
