/**
 * `metadata`, which definitions leave as a bare object since the registry checks it. Documents for
 * clients, strategic merge and apply need its fields, list types and merge keys: here they are.
 */
import type { JsonSchema } from '@kcp-ts/api';
import {
  atomicList,
  flag,
  int64,
  mapOf,
  mergeList,
  object,
  setList,
  string,
  text,
  timestamp,
} from '@kcp-ts/schema/builder';

const ownerReference = object(
  'An object that this one depends on.',
  {
    apiVersion: text('Group and version of the owner.'),
    kind: text('Kind of the owner.'),
    name: text('Name of the owner.'),
    uid: text('UID of the owner: a later object of the same name is another owner.'),
    controller: flag('True for the one owner that manages this object.'),
    blockOwnerDeletion: flag('True if a foreground deletion of the owner waits for this object.'),
  },
  ['apiVersion', 'kind', 'name', 'uid'],
  { 'x-kubernetes-map-type': 'atomic' },
);

const managedFields = object('The fields that one manager has set by one kind of operation.', {
  apiVersion: text('Version in which the fields are named.'),
  fieldsType: text('Format of fieldsV1; always `FieldsV1`.'),
  fieldsV1: { type: 'object', description: 'The set of fields.', 'x-kubernetes-preserve-unknown-fields': true },
  manager: text('Who set the fields.'),
  operation: text('`Apply` or `Update`.'),
  subresource: text('Subresource that was written, if any.'),
  time: timestamp('When the set of fields last changed.'),
});

export const objectMetaSchema: JsonSchema = object('What every object has, whatever its kind.', {
  annotations: mapOf('Free text for tools and people; cannot be selected on.', string),
  creationTimestamp: timestamp('When the server created the object. Set by the server.'),
  deletionGracePeriodSeconds: int64('Seconds that a graceful deletion may take. Set by the server.'),
  deletionTimestamp: timestamp(
    'When deletion was asked for; the object goes when its finalizers are gone. Set by the server.',
  ),
  finalizers: setList('Names of those who must clean up before the object may go.', string, {
    'x-kubernetes-patch-strategy': 'merge',
  }),
  generateName: text('Prefix of a name that the server completes when `name` is empty.'),
  generation: int64('Counts the changes of the desired state. Set by the server.'),
  labels: mapOf('Keys and values to select objects by.', string),
  managedFields: atomicList('Who set which fields. Kept by the server.', managedFields),
  name: text('Name, unique in the namespace (or the workspace) for this kind. Cannot be changed.'),
  namespace: text('Namespace of the object; empty for kinds of the whole workspace. Cannot be changed.'),
  ownerReferences: mergeList(
    'Objects that this one depends on; it is removed when all of them are gone.',
    'uid',
    ownerReference,
  ),
  resourceVersion: text('Opaque version of the object; send it back to update only what you have seen.'),
  selfLink: text('No longer filled.'),
  uid: text('Identity of the object in time and space. Set by the server.'),
});
