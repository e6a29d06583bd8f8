import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition, partOf } from '../../define-resource.ts';
import { kindSchema, mergeList, object, text, texts, timestamp } from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { keptEmpty, keptNull } from '../common-schemas.ts';

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

export const namespaces: ResourceDefinition = builtinDefinition({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'finalize', verbs: ['update'] }, partOf('status')],
  nameFormat: 'dns-label',
  schema,
  strategy: 'namespaces',
  selectableFields: ['.status.phase'],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Phase of the namespace.', jsonPath: '.status.phase' },
    ageColumn,
  ],
});
