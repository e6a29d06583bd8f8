import { int32, kindSchema, object, text, timestamp } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { ageColumn, nameColumn } from '../../common/columns.ts';
import { keptEmpty } from '../../common/schemas.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { lease } from './protobuf.ts';
import { createLeasesStrategy } from './strategy.ts';

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

export const leases: Kind = builtinKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  schema,
  writeRules: { ...createOnUpdateRules, unconditionalUpdate: false },
  strategy: createLeasesStrategy,
  protobuf: lease,
  columns: [
    nameColumn,
    { name: 'Holder', type: 'string', description: 'Who holds the lease.', jsonPath: '.spec.holderIdentity' },
    ageColumn,
  ],
});
