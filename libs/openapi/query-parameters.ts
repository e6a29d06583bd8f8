export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

function query(name: string, type: Parameter['type'], description: string): Parameter {
  return { name, in: 'query', type, description };
}

const dryRun = query('dryRun', 'string', '`All`: go through everything and store nothing.');
const fieldManager = query('fieldManager', 'string', 'Name of the program that makes the change.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: `Ignore` drops them, `Warn` says so in a warning, `Strict` refuses the request.',
);
const resourceVersion = query('resourceVersion', 'string', 'Version that the answer must be at, or at least at.');

const selection: readonly Parameter[] = [
  query('continue', 'string', 'Token of the part of a list that came before.'),
  query('fieldSelector', 'string', 'Only objects whose fields have these values.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'At most this many objects in one part.'),
  resourceVersion,
  query('resourceVersionMatch', 'string', 'How `resourceVersion` is meant: `Exact` or `NotOlderThan`.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with the objects that there are.'),
  query('timeoutSeconds', 'integer', 'End the call after this many seconds.'),
];

const deletion: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds until the object is removed.'),
  query('orphanDependents', 'boolean', 'Older form of propagationPolicy.'),
  query('propagationPolicy', 'string', 'What happens to dependents: `Orphan`, `Background` or `Foreground`.'),
];

/** The query parameters of each kind of operation. */
export const queryParameters = {
  get: [resourceVersion],
  list: [
    query('allowWatchBookmarks', 'boolean', 'Let a watch send bookmarks.'),
    ...selection,
    query('watch', 'boolean', 'Send changes as they happen.'),
  ],
  write: [dryRun, fieldManager, fieldValidation],
  patch: [dryRun, fieldManager, fieldValidation, query('force', 'boolean', 'Let an apply take over fields of others.')],
  delete: deletion,
  deleteCollection: [...deletion, ...selection],
} as const satisfies Readonly<Record<string, readonly Parameter[]>>;

export const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
};
export const nameParameter: Parameter = {
  name: 'name',
  in: 'path',
  type: 'string',
  description: 'Name of the object.',
};
