import { int32, kindSchema, object, text, timestamp } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { keptEmpty, keptNull, keptText, objectReference } from '../../common/schemas.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { eventColumns } from './columns.ts';
import { coreEvent } from './protobuf.ts';
import { createEventsStrategy } from './strategy.ts';

const schema = kindSchema(
  'Event reports that something happened to an object. Events are kept for a short time only.',
  {
    action: text('What was done or has failed.'),
    count: int32('How often it happened.'),
    eventTime: timestamp('When it was first seen, to the microsecond.', keptNull),
    firstTimestamp: timestamp('When it was first recorded.', keptNull),
    involvedObject: objectReference('The object that the event is about.', keptEmpty),
    lastTimestamp: timestamp('When it was last recorded.', keptNull),
    message: text('Description for people.'),
    reason: text('Why it happened, one word in CamelCase.'),
    related: objectReference('A second object, where the action concerns two.'),
    reportingComponent: text('The controller that reports, e.g. `example.io/controller`.', keptText),
    reportingInstance: text('The instance of that controller.', keptText),
    series: object('How an event that goes on has gone on.', {
      count: int32('How often it has happened so far.'),
      lastObservedTime: timestamp('When it was last seen.', keptNull),
    }),
    source: object(
      'Who reports.',
      { component: text('Component that reports.'), host: text('Node that it runs on.') },
      undefined,
      keptEmpty,
    ),
    type: text('Normal or Warning.'),
  },
  ['metadata', 'involvedObject'],
);

export const coreEvents: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  schema,
  // Only events.k8s.io asks for more of a name.
  nameFormat: 'path-segment',
  writeRules: { ...createOnUpdateRules, qualifiedFinalizers: false },
  strategy: createEventsStrategy,
  protobuf: coreEvent,
  // `.source` selects on source.component, or on reportingComponent where that is empty.
  selectableFields: [
    '.involvedObject.kind',
    '.involvedObject.namespace',
    '.involvedObject.name',
    '.involvedObject.uid',
    '.involvedObject.apiVersion',
    '.involvedObject.resourceVersion',
    '.involvedObject.fieldPath',
    '.reason',
    '.reportingComponent',
    '.source',
    '.type',
  ],
  columns: eventColumns('involvedObject', 'message'),
});
