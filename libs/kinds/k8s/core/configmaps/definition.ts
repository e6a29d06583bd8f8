import { flag, kindSchema, mapOf, string } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { ageColumn, nameColumn } from '../../common/columns.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { keyCount } from '../data-keys.ts';
import { configMap } from './protobuf.ts';
import { createConfigMapsStrategy } from './strategy.ts';

const schema = kindSchema('ConfigMap holds configuration for programs to read.', {
  binaryData: mapOf('Values that are not text, in base64. Keys must not also stand in data.', {
    type: 'string',
    format: 'byte',
  }),
  data: mapOf('Values by key; keys of letters, digits, `-`, `_` and `.`.', string),
  immutable: flag('True: the contents can never be changed again.'),
});

export const configMaps: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  schema,
  writeRules: usualWriteRules,
  strategy: createConfigMapsStrategy,
  protobuf: configMap,
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'Number of keys in data and binaryData.',
      cell: (object) => keyCount(object['data']) + keyCount(object['binaryData']),
    },
    ageColumn,
  ],
});
