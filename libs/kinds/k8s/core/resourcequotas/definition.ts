import { atomicList, kindSchema, object, text, texts } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind, partOf } from '../../../common/kind.ts';
import { keptEmpty, quantities } from '../../common/schemas.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { quotaColumns } from './columns.ts';
import { resourceQuota } from './protobuf.ts';
import { createResourceQuotasStrategy } from './strategy.ts';

const scopeRequirement = object(
  'One condition on the scope of an object.',
  {
    operator: text('How the scope relates to the values: In, NotIn, Exists or DoesNotExist.'),
    scopeName: text('Name of the scope.'),
    values: texts('Values for In and NotIn; empty for the others.'),
  },
  ['scopeName', 'operator'],
);

const schema = kindSchema('ResourceQuota bounds what a namespace may hold altogether.', {
  spec: object(
    'The bounds.',
    {
      hard: quantities('Bound for each resource, e.g. `count/configmaps: 50`.'),
      scopeSelector: object(
        'Which objects count, by conditions.',
        { matchExpressions: atomicList('Conditions that must all hold.', scopeRequirement) },
        undefined,
        { 'x-kubernetes-map-type': 'atomic' },
      ),
      scopes: texts('Which objects count, by scope; all when empty.'),
    },
    undefined,
    keptEmpty,
  ),
  status: object(
    'The bounds in force and what is used of them.',
    {
      hard: quantities('Bounds in force.'),
      used: quantities('What is used.'),
    },
    undefined,
    keptEmpty,
  ),
});

export const resourceQuotas: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  subresources: [partOf('status')],
  schema,
  writeRules: { ...usualWriteRules, returnsDeleted: true },
  strategy: createResourceQuotasStrategy,
  protobuf: resourceQuota,
  columns: quotaColumns,
});
