import type { ResourceDefinition } from '@kcp-ts/api';
import { ageDate, kcpDefinition } from '../../define-resource.ts';
import { kindSchema, object } from '../../schema-builder.ts';
import { labelSelector } from '../common-schemas.ts';

export const partitions: ResourceDefinition = kcpDefinition({
  group: 'topology.kcp.io',
  version: 'v1alpha1',
  kind: 'Partition',
  plural: 'partitions',
  columns: [{ name: 'Owner', type: 'string', jsonPath: '.metadata.ownerReferences[*].name' }, ageDate],
  schema: kindSchema(
    'Partition is a set of shards.',
    { spec: object('The set.', { selector: labelSelector('Shards by their labels.') }) },
    ['spec'],
  ),
});
