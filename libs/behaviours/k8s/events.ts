/** Events go after an hour, and are about something in their own namespace. */
import type { KubeObject } from '@kcp-ts/meta';
import { invalidValue } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';

const timeToLiveMs = 60 * 60_000;

export function createEventsBehaviour(): Behaviour {
  return {
    timeToLiveMs,
    validateCreate(object: KubeObject) {
      const { involvedObject } = object as { involvedObject?: { namespace?: string } };
      const namespace = involvedObject?.namespace ?? '';
      const own = object.metadata.namespace ?? '';
      if (namespace === own || (namespace === '' && (own === 'default' || own === 'kube-system'))) return [];
      return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')];
    },
  };
}
