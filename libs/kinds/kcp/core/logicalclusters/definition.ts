import { flag, kindSchema, list, mapOf, object, oneOf, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, partOf } from '../../../common/kind.ts';
import { conditions, lifecycleNames, phases } from '../../common/schemas.ts';
import { createLogicalClustersStrategy } from './strategy.ts';

const owner = object(
  'The object that this logical cluster is the content of: usually a Workspace.',
  {
    apiVersion: text('Group and version of the owner.', { pattern: '^([^/]+/)?[^/]+$' }),
    cluster: text('Logical cluster that the owner is in.', { minLength: 1 }),
    name: text('Name of the owner.', { minLength: 1 }),
    namespace: text('Namespace of the owner.'),
    resource: text('Resource of the owner, in plural.', { minLength: 1 }),
    uid: text('UID of the owner.'),
  },
  ['apiVersion', 'cluster', 'name', 'resource', 'uid'],
);

const createdBy = object('Who created the logical cluster.', {
  extra: mapOf('What else is known of the user.', { type: 'array', items: string }),
  groups: list('Groups of the user.', string),
  uid: text('Identity of the user in time.'),
  username: text('Name of the user.'),
});

export const logicalClusters: Kind = kcpKind({
  group: 'core.kcp.io',
  version: 'v1alpha1',
  kind: 'LogicalCluster',
  plural: 'logicalclusters',
  subresources: [partOf('status')],
  strategy: createLogicalClustersStrategy,
  // Its spec is the server's: the groups of who made a workspace are as many as they are.
  listBounds: [],
  columns: [
    { name: 'Phase', type: 'string', description: 'How far it has come.', jsonPath: '.status.phase' },
    { name: 'URL', type: 'string', description: 'Where it is.', jsonPath: '.status.URL' },
    ageDate,
  ],
  schema: kindSchema(
    'LogicalCluster describes the workspace that it is in. There is one, named `cluster`.',
    {
      spec: object(
        'How the logical cluster should be.',
        {
          createdBy,
          directlyDeletable: flag('True: it may be deleted although its owner stays.', { default: false }),
          initializers: lifecycleNames('Those who prepare it before it is Ready.'),
          owner,
          terminators: lifecycleNames('Those who clean up before it goes.'),
        },
        undefined,
        { default: {} },
      ),
      status: object(
        'How the logical cluster is.',
        {
          URL: text('Where it is.'),
          conditions,
          initializers: lifecycleNames('Those who have still to prepare it.'),
          phase: oneOf('How far it has come.', phases, { default: 'Scheduling' }),
          terminators: lifecycleNames('Those who have still to clean up.'),
        },
        undefined,
        { default: {} },
      ),
    },
    undefined,
    { type: 'object', properties: { name: { type: 'string', enum: ['cluster'] } } },
  ),
});
