/**
 * Definitions that documents of all groups share: what Kubernetes keeps in its packages of
 * metadata.
 */
import { metaName, quantityName, scaleName } from './names.ts';
import { objectMetaSchema } from './object-meta.ts';
import type { Definitions, OpenApiSchema } from './open-api-schema.ts';

export const apiVersionField: OpenApiSchema = {
  type: 'string',
  description:
    'Group and version in which the object is written, as `group/version`, or `version` alone in the core group.',
};

export const kindField: OpenApiSchema = {
  type: 'string',
  description: 'Kind of the object, in CamelCase. Cannot be changed.',
};

function text(description: string): OpenApiSchema {
  return { type: 'string', description };
}

function typed(
  group: string,
  version: string,
  kind: string,
  description: string,
  properties: OpenApiSchema['properties'],
): OpenApiSchema {
  return {
    description,
    type: 'object',
    properties: { apiVersion: apiVersionField, kind: kindField, ...properties },
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
  };
}

const listMeta: OpenApiSchema = {
  description: 'What every list has.',
  type: 'object',
  properties: {
    continue: text('Token to read the next part of the list with; empty at the end.'),
    remainingItemCount: {
      type: 'integer',
      format: 'int64',
      description: 'How many objects follow after this part, if known.',
    },
    resourceVersion: text('Version of the list: a watch from here on misses nothing.'),
    selfLink: text('No longer filled.'),
  },
};

const statusCause: OpenApiSchema = {
  description: 'One cause of a failure.',
  type: 'object',
  properties: {
    field: text('Path of the field that caused it.'),
    message: text('Cause for people to read.'),
    reason: text('Cause for programs to read.'),
  },
};

const statusDetails: OpenApiSchema = {
  description: 'More about an outcome.',
  type: 'object',
  properties: {
    causes: {
      type: 'array',
      description: 'All causes of the failure.',
      items: { definition: metaName('StatusCause') },
      'x-kubernetes-list-type': 'atomic',
    },
    group: text('Group of the resource.'),
    kind: text('Kind or resource that the outcome is about.'),
    name: text('Name of the object.'),
    retryAfterSeconds: { type: 'integer', format: 'int32', description: 'After how many seconds to try again.' },
    uid: text('UID of the object.'),
  },
};

const status = typed('', 'v1', 'Status', 'Outcome of a call that does not give an object.', {
  code: { type: 'integer', format: 'int32', description: 'HTTP status code.' },
  details: { definition: metaName('StatusDetails'), description: 'More about the outcome.' },
  message: text('Outcome for people to read.'),
  metadata: { definition: metaName('ListMeta'), description: 'Metadata of the answer.' },
  reason: text('Why it failed, one word in CamelCase.'),
  status: text('`Success` or `Failure`.'),
});

const deleteOptions = typed('', 'v1', 'DeleteOptions', 'How to delete an object.', {
  dryRun: {
    type: 'array',
    description: '`All`: go through everything and change nothing.',
    items: { type: 'string' },
    'x-kubernetes-list-type': 'atomic',
  },
  gracePeriodSeconds: { type: 'integer', format: 'int64', description: 'Seconds until the object is removed.' },
  orphanDependents: { type: 'boolean', description: 'Older form of propagationPolicy.' },
  preconditions: {
    type: 'object',
    description: 'What must hold for the object to be deleted.',
    properties: { resourceVersion: text('Its resource version.'), uid: text('Its UID.') },
  },
  propagationPolicy: text('What happens to dependents: `Orphan`, `Background` or `Foreground`.'),
});

const watchEvent: OpenApiSchema = {
  ...typed('', 'v1', 'WatchEvent', 'One event of a watch.', {}),
  required: ['type', 'object'],
  properties: {
    object: {
      type: 'object',
      description: 'The object after the change; before it, if it was deleted. In an ERROR, a Status.',
    },
    type: text('`ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.'),
  },
};

const scale = typed('autoscaling', 'v1', 'Scale', 'The size of an object that can be scaled.', {
  metadata: { definition: metaName('ObjectMeta'), description: 'Metadata of the scaled object.' },
  spec: {
    type: 'object',
    description: 'The size that is wanted.',
    properties: { replicas: { type: 'integer', format: 'int32', description: 'How many replicas there should be.' } },
  },
  status: {
    type: 'object',
    description: 'The size that is there.',
    required: ['replicas'],
    properties: {
      replicas: { type: 'integer', format: 'int32', description: 'How many replicas there are.' },
      selector: text('Label selector of the replicas.'),
    },
  },
});

/** All of them, by name. */
export const sharedDefinitions: Definitions = new Map<string, OpenApiSchema>([
  [metaName('ObjectMeta'), objectMetaSchema],
  [metaName('ListMeta'), listMeta],
  [metaName('Status'), status],
  [metaName('StatusDetails'), statusDetails],
  [metaName('StatusCause'), statusCause],
  [metaName('DeleteOptions'), deleteOptions],
  [metaName('Patch'), { description: 'A patch in the form that the content type names.', type: 'object' }],
  [metaName('WatchEvent'), watchEvent],
  [
    quantityName,
    {
      description: 'A number with a unit suffix: `100m`, `2Gi`, `5`.',
      oneOf: [{ type: 'string' }, { type: 'number' }],
    },
  ],
  [scaleName, scale],
]);
