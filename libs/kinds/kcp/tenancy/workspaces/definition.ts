import { kindSchema, object, oneOf, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, partOf } from '../../../common/kind.ts';
import { conditions, labelSelector, lifecycleNames, phases, workspaceNamePattern } from '../../common/schemas.ts';
import { typeReferenceFields } from '../type-reference.ts';
import { createWorkspacesStrategy } from './strategy.ts';

const mount = object(
  'What is reached through the workspace in place of a logical cluster; cannot be changed.',
  {
    ref: object(
      'An object of this workspace, whose status says where to go.',
      {
        apiVersion: text('Group and version of the object.'),
        kind: text('Kind of the object.'),
        name: text('Name of the object.'),
        namespace: text('Namespace of the object.'),
      },
      ['apiVersion', 'kind', 'name'],
    ),
  },
  ['ref'],
);

export const workspaces: Kind = kcpKind({
  group: 'tenancy.kcp.io',
  version: 'v1alpha1',
  kind: 'Workspace',
  plural: 'workspaces',
  shortNames: ['ws'],
  subresources: [partOf('status')],
  strategy: createWorkspacesStrategy,
  rules: true,
  columns: [
    { name: 'Type', type: 'string', description: 'Type of the workspace.', jsonPath: '.spec.type.name' },
    { name: 'Region', type: 'string', description: 'Where it runs.', jsonPath: `.metadata.labels['region']` },
    { name: 'Phase', type: 'string', description: 'How far it has come.', jsonPath: '.status.phase' },
    { name: 'URL', type: 'string', description: 'Where it is.', jsonPath: '.spec.URL' },
    ageDate,
  ],
  schema: kindSchema(
    'Workspace is a Kubernetes-style API server of its own, inside this one.',
    {
      spec: object(
        'How the workspace should be.',
        {
          URL: text('Where the workspace is. Set by the server.'),
          cluster: text('Name of its logical cluster. Set by the server.'),
          location: object('Where the workspace should be.', {
            selector: labelSelector('Shards by their labels.'),
          }),
          mount,
          type: object(
            'Type of the workspace; the default of the parent when empty. Cannot be changed.',
            typeReferenceFields,
            ['name'],
          ),
        },
        undefined,
        { default: {} },
      ),
      status: object(
        'How the workspace is.',
        {
          conditions,
          initializers: lifecycleNames('Those who have still to prepare it.'),
          phase: oneOf('How far it has come.', phases, { default: 'Scheduling' }),
          terminators: lifecycleNames('Those who have still to clean up.'),
        },
        undefined,
        { default: {} },
      ),
    },
    ['spec'],
    {
      type: 'object',
      properties: { name: { type: 'string', minLength: 1, maxLength: 63, pattern: workspaceNamePattern } },
    },
  ),
});
