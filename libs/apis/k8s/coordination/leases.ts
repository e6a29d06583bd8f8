import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { int32, kindSchema, object, text, timestamp } from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { keptEmpty } from '../common-schemas.ts';

const schema = kindSchema('Lease says who holds something, and until when.', {
  spec: object(
    'The lease.',
    {
      acquireTime: timestamp('When the holder got it, to the microsecond.', { nullable: true }),
      holderIdentity: text('Who holds it.'),
      leaseDurationSeconds: int32('Seconds after renewTime that others must wait before they take it.'),
      leaseTransitions: int32('How often it changed hands.'),
      preferredHolder: text('Who should hold it next.'),
      renewTime: timestamp('When the holder last renewed it, to the microsecond.', { nullable: true }),
      strategy: text('How the next holder is chosen.'),
    },
    undefined,
    keptEmpty,
  ),
});

export const leases: ResourceDefinition = builtinDefinition({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  schema,
  strategy: 'leases',
  columns: [
    nameColumn,
    { name: 'Holder', type: 'string', description: 'Who holds the lease.', jsonPath: '.spec.holderIdentity' },
    ageColumn,
  ],
});
