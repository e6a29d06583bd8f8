import { flag, kindSchema, mapList, object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, partOf } from '../../../common/kind.ts';
import { conditions, exportReferenceFields, labelSelector } from '../../common/schemas.ts';
import { createApiExportEndpointSlicesStrategy } from './strategy.ts';

const endpoint = object(
  'An endpoint.',
  {
    shards: object('The shards that it covers; all when empty.', {
      matchAll: flag('True: every shard.'),
      selector: labelSelector('Shards by their labels.'),
    }),
    url: text('Where the virtual workspace is.', { minLength: 1 }),
  },
  ['url'],
);

export const apiExportEndpointSlices: Kind = kcpKind({
  group: 'apis.kcp.io',
  version: 'v1alpha1',
  kind: 'APIExportEndpointSlice',
  plural: 'apiexportendpointslices',
  subresources: [partOf('status')],
  strategy: createApiExportEndpointSlicesStrategy,
  rules: true,
  columns: [
    { name: 'Export', type: 'string', jsonPath: '.spec.export.name' },
    { name: 'Partition', type: 'string', jsonPath: '.spec.partition' },
    ageDate,
  ],
  schema: kindSchema('APIExportEndpointSlice says where the controllers of an APIExport find its consumers.', {
    spec: object(
      'Which export, and which shards.',
      {
        export: object('The APIExport; cannot be changed.', exportReferenceFields, ['name']),
        partition: text('Partition whose shards are meant; all shards when empty.'),
      },
      ['export'],
    ),
    status: object('The endpoints.', {
      conditions,
      endpoints: mapList('Where to go.', ['url'], endpoint),
      shardSelector: text('Selector of the partition.'),
    }),
  }),
});
