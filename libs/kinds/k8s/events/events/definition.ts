import { int32, kindSchema, object, text, timestamp } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { keptEmpty, keptNull, objectReference } from '../../common/schemas.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { eventColumns } from '../../core/events/columns.ts';
import { createEventsStrategy } from '../../core/events/strategy.ts';
import { eventsConversion } from './conversion.ts';
import { event } from './protobuf.ts';

const schema = kindSchema(
  'Event reports that something happened to an object. Events are kept for a short time only.',
  {
    action: text('What was done or has failed.'),
    deprecatedCount: int32('As `count` of a core event.'),
    deprecatedFirstTimestamp: timestamp('As `firstTimestamp` of a core event.', keptNull),
    deprecatedLastTimestamp: timestamp('As `lastTimestamp` of a core event.', keptNull),
    deprecatedSource: object(
      'As `source` of a core event.',
      { component: text('Component that reports.'), host: text('Node that it runs on.') },
      undefined,
      keptEmpty,
    ),
    eventTime: timestamp('When it was first seen, to the microsecond.', keptNull),
    note: text('Description for people, at most 1 kB.'),
    reason: text('Why the action was taken, one word in CamelCase.'),
    regarding: objectReference('The object that the event is about.', keptEmpty),
    related: objectReference('A second object, where the action concerns two.'),
    reportingController: text('The controller that reports, e.g. `example.io/controller`.'),
    reportingInstance: text('The instance of that controller.'),
    series: object(
      'How an event that goes on has gone on.',
      {
        count: int32('How often it has happened so far.'),
        lastObservedTime: timestamp('When it was last seen.', { nullable: true }),
      },
      ['count', 'lastObservedTime'],
    ),
    type: text('Normal or Warning.'),
  },
  ['eventTime'],
);

/** The stored objects are those of core/v1; only the names of the fields differ. */
export const events: Kind = builtinKind({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  schema,
  writeRules: { ...createOnUpdateRules, qualifiedFinalizers: false },
  strategy: createEventsStrategy,
  conversion: eventsConversion,
  protobuf: event,
  aliasOf: { group: '', version: 'v1' },
  selectableFields: [
    '.reason',
    '.regarding.kind',
    '.regarding.namespace',
    '.regarding.name',
    '.regarding.uid',
    '.regarding.apiVersion',
    '.regarding.resourceVersion',
    '.regarding.fieldPath',
    '.reportingController',
    '.type',
  ],
  columns: eventColumns('regarding', 'note'),
});
