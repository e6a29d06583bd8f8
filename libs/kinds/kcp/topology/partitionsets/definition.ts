import type { JsonSchema } from '@kcp-ts/api';
import { atomicList, integer, kindSchema, list, mapOf, object, oneOf, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, partOf } from '../../../common/kind.ts';
import { conditions } from '../../common/schemas.ts';
import { createPartitionSetsStrategy } from './strategy.ts';

const shardSelector: JsonSchema = object(
  'Shards by their labels; all when empty.',
  {
    matchExpressions: atomicList(
      'Conditions that must all hold.',
      object(
        'One condition on a label.',
        {
          key: text('Label key.', { maxLength: 317 }),
          operator: oneOf('How the label relates to the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
          values: atomicList('Values for In and NotIn; empty for the others.', {
            type: 'string',
            maxLength: 63,
            pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
          }),
        },
        ['key', 'operator'],
      ),
      { maxItems: 10 },
    ),
    matchLabels: mapOf(
      'Labels that must all be there with these values.',
      { type: 'string', maxLength: 380 },
      { maxProperties: 10 },
    ),
  },
  undefined,
  { 'x-kubernetes-map-type': 'atomic' },
);

export const partitionSets: Kind = kcpKind({
  group: 'topology.kcp.io',
  version: 'v1alpha1',
  kind: 'PartitionSet',
  plural: 'partitionsets',
  subresources: [partOf('status')],
  strategy: createPartitionSetsStrategy,
  rules: true,
  columns: [{ name: 'Count', type: 'string', jsonPath: '.status.count' }, ageDate],
  schema: kindSchema(
    'PartitionSet makes Partitions: one for each combination of labels of the shards.',
    {
      spec: object('Which shards, and which labels.', {
        dimensions: list('Labels whose values tell the partitions apart.', string),
        shardSelector,
      }),
      status: object('The partitions.', { conditions, count: integer('Number of partitions.') }),
    },
    ['spec'],
  ),
});
