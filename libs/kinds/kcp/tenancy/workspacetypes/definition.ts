import type { JsonSchema } from '@kcp-ts/api';
import { flag, kindSchema, list, mapOf, object, oneOf, string, text, texts } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { kcpKind, partOf } from '../../../common/kind.ts';
import { conditions, pathPattern, workspaceNamePattern } from '../../common/schemas.ts';
import { typeReferenceFields } from '../type-reference.ts';
import { createWorkspaceTypesStrategy } from './strategy.ts';

const typeReference = object('A type.', typeReferenceFields, ['name']);

/** Limits on the types above or below in the tree. */
function limit(description: string): JsonSchema {
  return object(
    description,
    {
      none: flag('True: no type at all.'),
      types: list('Only these types and those that extend them.', typeReference, { minItems: 1 }),
    },
    undefined,
    { oneOf: [{ required: ['none'] }, { required: ['types'] }] },
  );
}

function permissions(description: string): JsonSchema {
  return list(
    description,
    object(
      'Verbs on resources, or on URL paths.',
      {
        apiGroups: texts('API groups of the resources; `*` means all, "" the core group.'),
        nonResourceURLs: texts('URL paths; `*` at the end means all below.'),
        resourceNames: texts('Names of objects; empty means all.'),
        resources: texts('Resources, or `resource/subresource`; `*` means all.'),
        verbs: texts('Verbs; `*` means all.'),
      },
      ['verbs'],
    ),
  );
}

const spec = object('What workspaces of this type are like.', {
  additionalWorkspaceLabels: mapOf('Labels that such workspaces get when they are created.', string),
  authenticationConfigurations: list(
    'Who may log in to such workspaces, besides those that the server knows.',
    object('A configuration.', { name: text('Name of the WorkspaceAuthenticationConfiguration.') }, ['name']),
  ),
  defaultAPIBindingLifecycle: oneOf('Whether the default bindings are made once, or kept in step with the type.', [
    'InitializeOnly',
    'Maintain',
  ]),
  defaultAPIBindings: list(
    'APIs that such workspaces bind from the start.',
    object(
      'An APIExport.',
      {
        export: text('Name of the APIExport.'),
        path: text('Path of its workspace; that of the type when empty.', { pattern: pathPattern }),
      },
      ['export'],
    ),
  ),
  defaultChildWorkspaceType: object('Type of workspaces inside that name none.', typeReferenceFields, ['name'], {
    default: { name: 'universal', path: 'root' },
  }),
  extend: object('Types that this one adds to.', {
    with: list('Their initializers, terminators and default bindings are united.', typeReference),
  }),
  initializer: flag('True: such workspaces wait until someone has prepared them.'),
  initializerPermissions: permissions('What those who prepare may do; as much as the creator when empty.'),
  limitAllowedChildren: limit('Which types may be inside.'),
  limitAllowedParents: limit('Which types this one may be inside of.'),
  terminator: flag('True: such workspaces wait until someone has cleaned up.'),
  terminatorPermissions: permissions('What those who clean up may do; as much as the creator when empty.'),
});

const status = object('What became of the type.', {
  conditions,
  virtualWorkspaces: list(
    'Where those who prepare or clean up find their workspaces.',
    object(
      'A virtual workspace.',
      {
        type: oneOf('What it is for.', ['initializing', 'terminating']),
        url: text('Where it is.', { minLength: 1 }),
      },
      ['url'],
    ),
  ),
});

export const workspaceTypes: Kind = kcpKind({
  group: 'tenancy.kcp.io',
  version: 'v1alpha1',
  kind: 'WorkspaceType',
  plural: 'workspacetypes',
  subresources: [partOf('status')],
  strategy: createWorkspaceTypesStrategy,
  schema: kindSchema('WorkspaceType says what workspaces of a type are like.', { spec, status }, undefined, {
    type: 'object',
    properties: {
      name: {
        type: 'string',
        minLength: 1,
        maxLength: 63,
        pattern: workspaceNamePattern,
        not: { enum: ['system', 'any'] },
      },
    },
  }),
});
