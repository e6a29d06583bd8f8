import { flag, kindSchema, mapOf, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { ageColumn, nameColumn } from '../../common/columns.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { keyCount } from '../data-keys.ts';
import { secret } from './protobuf.ts';
import { createSecretsStrategy } from './strategy.ts';

const schema = kindSchema('Secret holds a small amount of confidential data.', {
  data: mapOf('Values by key, in base64; keys of letters, digits, `-`, `_` and `.`.', {
    type: 'string',
    format: 'byte',
  }),
  immutable: flag('True: the contents can never be changed again.'),
  stringData: mapOf('Values as plain text; written into data on every write and never shown.', string),
  type: text('What the data is for; cannot be changed.', { default: 'Opaque' }),
});

export const secrets: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  schema,
  writeRules: usualWriteRules,
  strategy: createSecretsStrategy,
  protobuf: secret,
  selectableFields: ['.type'],
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the data is for.', jsonPath: '.type' },
    {
      name: 'Data',
      type: 'string',
      description: 'Number of keys in data.',
      cell: (object) => keyCount(object['data']),
    },
    ageColumn,
  ],
});
