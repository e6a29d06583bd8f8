import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { flag, kindSchema, mapOf, string, text } from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';

const schema = kindSchema('Secret holds a small amount of confidential data.', {
  data: mapOf('Values by key, in base64; keys of letters, digits, `-`, `_` and `.`.', {
    type: 'string',
    format: 'byte',
  }),
  immutable: flag('True: the contents can never be changed again.'),
  stringData: mapOf('Values as plain text; written into data on every write and never shown.', string),
  type: text('What the data is for; cannot be changed.', { default: 'Opaque' }),
});

export const secrets: ResourceDefinition = builtinDefinition({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  schema,
  strategy: 'secrets',
  selectableFields: ['.type'],
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the data is for.', jsonPath: '.type' },
    { name: 'Data', type: 'string', description: 'Number of keys in data.', cell: 'secret-data' },
    ageColumn,
  ],
});
