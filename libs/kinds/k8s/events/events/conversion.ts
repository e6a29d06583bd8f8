/** Events of events.k8s.io are core events under other names. */
import type { KubeObject } from '@kcp-ts/api';
import type { Conversion } from '@kcp-ts/registry';

const toCore: readonly (readonly [events: string, core: string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];

function rename(object: KubeObject, pairs: readonly (readonly [string, string])[]): void {
  for (const [from, to] of pairs) {
    if (object[from] === undefined) continue;
    object[to] = object[from];
    delete object[from];
  }
}

export const eventsConversion: Conversion = {
  toStorage(object) {
    object.apiVersion = 'v1';
    rename(object, toCore);
    return object;
  },
  fromStorage(object) {
    object.apiVersion = 'events.k8s.io/v1';
    rename(
      object,
      toCore.map(([events, core]) => [core, events] as const),
    );
    // The core group prints these even where they are empty.
    for (const field of ['reportingController', 'reportingInstance']) if (object[field] === '') delete object[field];
    return object;
  },
};
