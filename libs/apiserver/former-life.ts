/** A custom resource whose definition, or whose binding, was deleted and made again begins anew: nobody goes on from its former life. */
import type { Revision } from '@kcp-ts/meta';
import { groupResourceText, StatusError } from '@kcp-ts/meta';
import type { ResourceCall } from './resource-call.ts';

/**
 * Throws Expired for a revision from before the resource was served here, as a kube-apiserver does whose watch cache is as old as the definition. What a client
 * knew of the objects of that time would otherwise be patched together with those of now.
 */
export function refuseFormerLife({ needs, scope, served }: ResourceCall, revision: Revision | undefined): void {
  const { origin } = served;
  if (revision === undefined || revision === 0 || origin.kind === 'builtin' || scope.cluster === '*') return;
  const key = needs.registry.originKey?.(scope.cluster, origin);
  const since = key === undefined ? undefined : needs.store.get(key)?.createRevision;
  if (since !== undefined && revision < since)
    throw StatusError.expired(
      `too old resource version: ${groupResourceText(served.row)} has been served here since then; start again from a list`,
    );
}
