import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  for (const name of ['default', 'team'])
    await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
});

const core = (fields: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'k.1', namespace: 'team' },
  involvedObject: { kind: 'ConfigMap', namespace: 'team', name: 'one' },
  reason: 'Tested',
  message: 'm',
  type: 'Normal',
  source: { component: 't' },
  ...fields,
});

const modern = (fields: object = {}) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'k.2', namespace: 'team' },
  regarding: { kind: 'ConfigMap', namespace: 'team', name: 'one' },
  reason: 'Tested',
  note: 'n',
  type: 'Normal',
  action: 'x',
  reportingController: 't.io/c',
  reportingInstance: 'i',
  eventTime: '2026-01-01T00:00:00.000000Z',
  ...fields,
});

test('an event is about something in its own namespace', async () => {
  const elsewhere = core({ involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'one' } });
  const text = (value: string) => [
    `involvedObject.namespace: Invalid value: "${value}": does not match event.namespace`,
  ];
  expect(await refusal(on.create('events', elsewhere))).toEqual(text('default'));
  expect(await refusal(on.create('events', core({ involvedObject: { kind: 'ClusterRole', name: 'one' } })))).toEqual(
    text(''),
  );
  const clusterWide = core({
    metadata: { name: 'k.3', namespace: 'default' },
    involvedObject: { kind: 'ClusterRole', name: 'one' },
  });
  expect(await refusal(on.create('events', clusterWide))).toEqual([]);
});

test('one stored event is read in both groups', async () => {
  const made = await on.create('events', modern());
  expect(made).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    regarding: { name: 'one' },
    note: 'n',
    deprecatedSource: {},
  });
  expect(on.get('events', made, 'v1')).toMatchObject({
    apiVersion: 'v1',
    involvedObject: { name: 'one' },
    message: 'n',
    reportingComponent: 't.io/c',
    source: {},
  });
});

test('an event of the core group shows no empty reporter in events.k8s.io', async () => {
  const made = await on.create('events', core());
  const shown = on.get('events', made, 'events.k8s.io/v1');
  expect(shown).toMatchObject({
    note: 'm',
    deprecatedSource: { component: 't' },
    deprecatedFirstTimestamp: null,
    eventTime: null,
  });
  expect(shown).not.toHaveProperty('reportingController');
  expect(shown).not.toHaveProperty('reportingInstance');
});

test('events.k8s.io asks for everything and for nothing that is deprecated', async () => {
  expect(await refusal(on.create('events', modern({ eventTime: null })))).toEqual(['eventTime: Required value']);
  const series = { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' };
  expect(await refusal(on.create('events', modern({ type: 'Odd', deprecatedCount: 3, series })))).toEqual([
    'series.count: Invalid value: "": should be at least 2',
    'type: Invalid value: "": has invalid value: Odd',
    'count: Invalid value: "": needs to be unset',
  ]);
  const wordy = modern({ action: 'x'.repeat(129), reportingInstance: '', note: 'x'.repeat(1_025) });
  expect(await refusal(on.create('events', wordy))).toEqual([
    'reportingInstance: Required value',
    'action: Invalid value: "": can have at most 128 characters',
    'message: Invalid value: "": can have at most 1024 characters',
  ]);
});

test('an event of events.k8s.io goes on as a series and changes in nothing else', async () => {
  const made = await on.create('events', modern());
  const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' };
  const goneOn = await on.update('events', { ...made, series });
  expect(goneOn['series']).toEqual(series);
  expect(await refusal(on.update('events', { ...goneOn, note: 'other' }))).toEqual([
    'message: Invalid value: "other": field is immutable',
  ]);
});
