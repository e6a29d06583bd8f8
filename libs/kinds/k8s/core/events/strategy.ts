/**
 * Events go after an hour and are about something in their own namespace. New ones, which have an
 * eventTime, say who saw what, and never change.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue, requiredValue, validateQualifiedName } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import { immutableField } from '../../../common/immutable.ts';

const timeToLiveMs = 60 * 60_000;
const wordLengthMax = 128;
const noteLengthMax = 1_024;

interface Event extends KubeObject {
  readonly eventTime?: string | null;
  readonly involvedObject?: { readonly namespace?: string };
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
  readonly action?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null };
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly count?: number;
  readonly source?: { readonly component?: string; readonly host?: string };
}

/** Whether the client speaks events.k8s.io, which is stricter than the core group. */
function isStrict({ requested }: WriteContext): boolean {
  return requested.definition.group === 'events.k8s.io';
}

function namespaceErrors(event: Event): FieldError[] {
  const about = event.involvedObject?.namespace ?? '';
  const own = event.metadata.namespace ?? '';
  // Events about what has no namespace live in `default`; new ones may also live in `kube-system`.
  const clusterWide = own === 'default' || (Boolean(event.eventTime) && own === 'kube-system');
  const agree = about === '' ? clusterWide : Boolean(event.eventTime) || about === own;
  return agree ? [] : [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}

function wordErrors(field: string, text: string | undefined): FieldError[] {
  if (text === undefined || text === '') return [requiredValue(field)];
  return text.length > wordLengthMax ? [invalidValue(field, '', `can have at most ${wordLengthMax} characters`)] : [];
}

function newEventErrors(event: Event, strict: boolean): FieldError[] {
  const reporter = strict ? 'reportingController' : 'reportingComponent';
  const { reportingComponent = '' } = event;
  const errors = reportingComponent === '' ? [requiredValue(reporter)] : [];
  errors.push(
    ...validateQualifiedName(reportingComponent).map((problem) => invalidValue(reporter, reportingComponent, problem)),
    ...wordErrors('reportingInstance', event.reportingInstance),
    ...wordErrors('action', event.action),
    ...wordErrors('reason', event.reason),
  );
  if ((event.message ?? '').length > noteLengthMax) {
    errors.push(invalidValue('message', '', `can have at most ${noteLengthMax} characters`));
  }
  return errors;
}

function seriesErrors({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  const errors = (series.count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : [];
  if (!series.lastObservedTime) errors.push(requiredValue('series.lastObservedTime'));
  return errors;
}

function strictErrors(event: Event): FieldError[] {
  const errors = seriesErrors(event);
  if (!event.eventTime) errors.push(requiredValue('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue('type', '', `has invalid value: ${event.type ?? ''}`));
  }
  const { firstTimestamp, lastTimestamp, count, source = {} } = event;
  const deprecated = { firstTimestamp, lastTimestamp, count, source: source.component || source.host };
  for (const [field, value] of Object.entries(deprecated)) {
    if (value) errors.push(invalidValue(field, '', 'needs to be unset'));
  }
  return errors;
}

/** What a client of events.k8s.io may not change any more. */
const immutable = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
] as const;
const immutableToo = ['eventTime', 'type', 'action', 'related', 'reportingInstance'] as const;

function changeErrors(event: Event, old: Event): FieldError[] {
  const errors = isDeepStrictEqual(event.series, old.series) ? [] : seriesErrors(event);
  // Go's empty text and an absent one are the same.
  const shown = (value: unknown) => value ?? '';
  for (const field of [...immutable, ...immutableToo])
    errors.push(...immutableField(field, shown(old[field]), shown(event[field])));
  errors.push(...immutableField('reportingController', shown(old.reportingComponent), shown(event.reportingComponent)));
  return errors;
}

function validate(event: Event, context: WriteContext): FieldError[] {
  return [...namespaceErrors(event), ...(event.eventTime ? newEventErrors(event, isStrict(context)) : [])];
}

export function createEventsStrategy(): Strategy {
  return {
    timeToLiveMs,
    validateCreate: (object, context) => [
      ...validate(object as Event, context),
      ...(isStrict(context) ? strictErrors(object as Event) : []),
    ],
    validateUpdate: (object, old, context) => [
      ...validate(object as Event, context),
      ...(isStrict(context) ? changeErrors(object as Event, old as Event) : []),
    ],
  };
}
