import type { JsonSchema } from '@kcp-ts/api';
import { flag, mapOf, object, string, text, texts } from '@kcp-ts/schema/builder';
import { fieldSelectorAttributes, keptEmpty, labelSelectorAttributes } from '../common/schemas.ts';

/** What is asked about. */
export const attributes = {
  nonResourceAttributes: object('A request for a path that is no resource.', {
    path: text('URL path.'),
    verb: text('HTTP method in lower case.'),
  }),
  resourceAttributes: object('A request for a resource.', {
    fieldSelector: fieldSelectorAttributes('Field selector of the request.'),
    group: text('API group; `*` means all.'),
    labelSelector: labelSelectorAttributes('Label selector of the request.'),
    name: text('Name of the object; empty means all.'),
    namespace: text('Namespace; empty means all, or none for kinds of the whole workspace.'),
    resource: text('Resource; `*` means all.'),
    subresource: text('Subresource; empty means none.'),
    verb: text(
      'get, list, watch, create, update, patch, delete, deletecollection or a verb of its own; `*` means all.',
    ),
    version: text('API version; `*` means all.'),
  }),
};

/** `spec` of a review that names the user. */
export const subjectSpec: JsonSchema = object(
  'The question: who wants to do what.',
  {
    ...attributes,
    extra: mapOf('What else is known of the user.', { type: 'array', items: string }),
    groups: texts('Groups of the user.'),
    uid: text('Identity of the user in time.'),
    user: text('Name of the user.'),
  },
  undefined,
  keptEmpty,
);

/** `status` of reviews that ask for a yes or no. */
export const accessStatus: JsonSchema = object(
  'The answer.',
  {
    allowed: flag('True if it is allowed.', { default: false }),
    denied: flag('True if it is forbidden whatever others say.'),
    evaluationError: text('What went wrong while judging; the answer may stand all the same.'),
    reason: text('Why.'),
  },
  ['allowed'],
  keptEmpty,
);
