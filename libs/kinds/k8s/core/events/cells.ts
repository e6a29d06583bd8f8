/**
 * Cells of events. The group events.k8s.io names the older fields `deprecated…`; both groups print
 * alike.
 */
import type { Fields } from '@kcp-ts/printers';
import { durationSince, fieldsOf, textOf } from '@kcp-ts/printers';

function first(...values: readonly unknown[]): string {
  for (const value of values) if (textOf(value) !== '') return textOf(value);
  return '';
}

/** Time since firstTimestamp, else since eventTime. */
export function eventFirstSeen(event: Fields, now: number): string {
  return durationSince(first(event['firstTimestamp'], event['deprecatedFirstTimestamp'], event['eventTime']), now);
}

/**
 * Time since series.lastObservedTime; without a series since lastTimestamp, else as
 * `eventFirstSeen`.
 */
export function eventLastSeen(event: Fields, now: number): string {
  const { series } = event as { readonly series?: unknown };
  if (series !== undefined && series !== null) return durationSince(fieldsOf(series)['lastObservedTime'], now);
  const last = first(event['lastTimestamp'], event['deprecatedLastTimestamp']);
  return last === '' ? eventFirstSeen(event, now) : durationSince(last, now);
}

/**
 * Kind in lower case and name of the object, `configmap/one`; the kind alone where there is no
 * name.
 */
export function eventObject(event: Fields): string {
  const about = fieldsOf(event['involvedObject'] ?? event['regarding']);
  const kind = textOf(about['kind']).toLowerCase();
  const name = textOf(about['name']);
  return name === '' ? kind : `${kind}/${name}`;
}

/** `component, host` or `controller, instance`, whichever are there. */
export function eventSource(event: Fields): string {
  const source = fieldsOf(event['source'] ?? event['deprecatedSource']);
  const component = first(source['component'], event['reportingComponent'], event['reportingController']);
  const instance = first(source['host'], event['reportingInstance']);
  return instance === '' ? component : `${component}, ${instance}`;
}

/** series.count, else count, else 1. */
export function eventCount(event: Fields): number {
  const { series } = event as { readonly series?: unknown };
  const count =
    series === undefined || series === null ? (event['count'] ?? event['deprecatedCount']) : fieldsOf(series)['count'];
  return typeof count === 'number' && count !== 0 ? count : 1;
}
