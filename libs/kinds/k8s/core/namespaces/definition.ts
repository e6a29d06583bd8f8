import { kindSchema, mergeList, object, text, texts, timestamp } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind, partOf } from '../../../common/kind.ts';
import { ageColumn, nameColumn } from '../../common/columns.ts';
import { keptEmpty, keptNull } from '../../common/schemas.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { namespace } from './protobuf.ts';
import { createNamespacesStrategy } from './strategy.ts';

const condition = object(
  'One thing that is known of the namespace.',
  {
    lastTransitionTime: timestamp('When the status last changed.', keptNull),
    message: text('Explanation for people.'),
    reason: text('Explanation for programs, one word in CamelCase.'),
    status: text('True, False or Unknown.'),
    type: text('What is stated.'),
  },
  ['type', 'status'],
);

const schema = kindSchema('Namespace is a scope for names inside a workspace.', {
  spec: object(
    'How the namespace should be.',
    { finalizers: texts('Those who must clean up before the namespace may go.') },
    undefined,
    keptEmpty,
  ),
  status: object(
    'How the namespace is.',
    {
      conditions: mergeList('What is known of a deletion in progress.', 'type', condition),
      phase: text('Active, or Terminating while its contents are being removed.'),
    },
    undefined,
    keptEmpty,
  ),
});

export const namespaces: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'finalize', verbs: ['update'] }, partOf('status')],
  nameFormat: 'dns-label',
  schema,
  writeRules: usualWriteRules,
  strategy: createNamespacesStrategy,
  protobuf: namespace,
  selectableFields: ['.status.phase'],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Phase of the namespace.', jsonPath: '.status.phase' },
    ageColumn,
  ],
});
