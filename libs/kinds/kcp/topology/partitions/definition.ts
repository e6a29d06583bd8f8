import { kindSchema, object } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, definitionOnly, kcpKind } from '../../../common/kind.ts';
import { labelSelector } from '../../common/schemas.ts';

export const partitions: Kind = kcpKind({
  group: 'topology.kcp.io',
  version: 'v1alpha1',
  kind: 'Partition',
  plural: 'partitions',
  strategy: definitionOnly,
  columns: [{ name: 'Owner', type: 'string', jsonPath: '.metadata.ownerReferences[*].name' }, ageDate],
  schema: kindSchema(
    'Partition is a set of shards.',
    { spec: object('The set.', { selector: labelSelector('Shards by their labels.') }) },
    ['spec'],
  ),
});
