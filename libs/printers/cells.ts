/** The cells that built-in kinds compute, by the names that their columns use. */
import type { CellName } from '@kcp-ts/apis';
import type { PathSteps } from '@kcp-ts/schema';
import { eventCount, eventFirstSeen, eventLastSeen, eventObject, eventSource } from './event-cells.ts';
import type { Fields } from './fields.ts';
import { fieldsOf, listOf, textOf } from './fields.ts';
import { durationSince, humanDuration } from './human-duration.ts';

/** The value of one cell at a time, in milliseconds; all cells of a row share the steps that their paths may take. */
export type Cell = (object: Fields, now: number, steps: PathSteps) => unknown;

function keyCount(value: unknown): number {
  return Object.keys(fieldsOf(value)).length;
}

function creation(object: Fields): unknown {
  return fieldsOf(object['metadata'])['creationTimestamp'];
}

function quota(wanted: (resource: string) => boolean): Cell {
  return (object) => {
    const status = fieldsOf(object['status']);
    const hard = fieldsOf(status['hard']);
    const used = fieldsOf(status['used']);
    const resources = Object.keys(hard).filter(wanted).sort();
    return resources.map((name) => `${name}: ${textOf(used[name]) || '0'}/${textOf(hard[name])}`).join(', ');
  };
}

function isLimit(resource: string): boolean {
  return resource.startsWith('limits.');
}

function subjects(kind: string, text: (subject: Fields) => string): Cell {
  return (object) =>
    listOf(object['subjects'])
      .filter((subject) => subject['kind'] === kind)
      .map(text)
      .join(', ');
}

function name(subject: Fields): string {
  return textOf(subject['name']);
}

function csrCondition(object: Fields): string {
  const status = fieldsOf(object['status']);
  const types = new Set(listOf(status['conditions']).map((condition) => condition['type']));
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  const issued = textOf(status['certificate']) !== '';
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${issued ? ',Issued' : ''}`;
}

function csrRequestedDuration(object: Fields): string {
  const seconds = fieldsOf(object['spec'])['expirationSeconds'];
  return typeof seconds === 'number' ? humanDuration(seconds * 1_000) : '<none>';
}

function bindingRole(object: Fields): string {
  const role = fieldsOf(object['roleRef']);
  return `${textOf(role['kind'])}/${name(role)}`;
}

export const cells: Readonly<Record<CellName, Cell>> = {
  age: (object, now) => durationSince(creation(object), now),
  'created-at': (object) => creation(object) ?? null,
  'configmap-data': (object) => keyCount(object['data']) + keyCount(object['binaryData']),
  'secret-data': (object) => keyCount(object['data']),
  'event-last-seen': eventLastSeen,
  'event-first-seen': eventFirstSeen,
  'event-object': eventObject,
  'event-source': eventSource,
  'event-count': eventCount,
  'quota-requests': quota((resource) => !isLimit(resource)),
  'quota-limits': quota(isLimit),
  'binding-role': bindingRole,
  'binding-users': subjects('User', name),
  'binding-groups': subjects('Group', name),
  'binding-service-accounts': subjects(
    'ServiceAccount',
    (subject) => `${textOf(subject['namespace'])}/${name(subject)}`,
  ),
  'csr-requested-duration': csrRequestedDuration,
  'csr-condition': csrCondition,
  'webhook-count': (object) => listOf(object['webhooks']).length,
};
