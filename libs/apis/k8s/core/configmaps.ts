import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { flag, kindSchema, mapOf, string } from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';

const schema = kindSchema('ConfigMap holds configuration for programs to read.', {
  binaryData: mapOf('Values that are not text, in base64. Keys must not also stand in data.', {
    type: 'string',
    format: 'byte',
  }),
  data: mapOf('Values by key; keys of letters, digits, `-`, `_` and `.`.', string),
  immutable: flag('True: the contents can never be changed again.'),
});

export const configMaps: ResourceDefinition = builtinDefinition({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  schema,
  strategy: 'configmaps',
  columns: [
    nameColumn,
    { name: 'Data', type: 'string', description: 'Number of keys in data and binaryData.', cell: 'configmap-data' },
    ageColumn,
  ],
});
