import { atomicList, kindSchema, object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { createdAtColumn, nameColumn } from '../../common/columns.ts';
import { keptEmpty, keptNull, quantities } from '../../common/schemas.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { limitRange } from './protobuf.ts';
import { createLimitRangesStrategy } from './strategy.ts';

const item = object(
  'Limits for one type of thing.',
  {
    default: quantities('Limits for what states none.'),
    defaultRequest: quantities('Requests for what states none.'),
    max: quantities('Most that may be used.'),
    maxLimitRequestRatio: quantities('How many times its request a limit may be.'),
    min: quantities('Least that must be asked for.'),
    type: text('Type of thing the limits are for.'),
  },
  ['type'],
);

const schema = kindSchema('LimitRange bounds what single objects of a namespace may use.', {
  spec: object(
    'The limits.',
    { limits: atomicList('One item for each type of thing.', item, keptNull) },
    ['limits'],
    keptEmpty,
  ),
});

export const limitRanges: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  schema,
  writeRules: createOnUpdateRules,
  strategy: createLimitRangesStrategy,
  protobuf: limitRange,
  columns: [nameColumn, createdAtColumn],
});
