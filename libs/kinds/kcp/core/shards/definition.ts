import type { JsonSchema } from '@kcp-ts/api';
import { kindSchema, mapOf, object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, partOf } from '../../../common/kind.ts';
import { conditions } from '../../common/schemas.ts';
import { createShardsStrategy } from './strategy.ts';

const number = '(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))';

const quantity: JsonSchema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern: `^(\\+|-)?${number}(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?${number}))?$`,
  'x-kubernetes-int-or-string': true,
};

const url = { minLength: 1, format: 'uri' };

export const shards: Kind = kcpKind({
  group: 'core.kcp.io',
  version: 'v1alpha1',
  kind: 'Shard',
  plural: 'shards',
  subresources: [partOf('status')],
  strategy: createShardsStrategy,
  columns: [
    { name: 'Region', type: 'string', description: 'Where the shard runs.', jsonPath: `.metadata.labels['region']` },
    { name: 'URL', type: 'string', description: 'Where other services reach it.', jsonPath: '.spec.baseURL' },
    { name: 'External URL', type: 'string', description: 'Where clients reach it.', jsonPath: '.spec.externalURL' },
    ageDate,
  ],
  schema: kindSchema('Shard is a server that holds logical clusters.', {
    spec: object(
      'Where the shard is.',
      {
        baseURL: text('Where other services reach it.', url),
        externalURL: text('Where clients reach its workspaces; baseURL when empty.', url),
        virtualWorkspaceURL: text('Where its virtual workspaces are; baseURL when empty.', url),
      },
      ['baseURL'],
    ),
    status: object('How the shard is.', {
      capacity: mapOf('What the shard has to give.', quantity),
      conditions,
    }),
  }),
});
