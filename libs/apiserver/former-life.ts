/** A custom resource whose definition, or whose binding, was deleted and made again begins anew: nobody goes on from its former life. */
import type { Revision } from '@kcp-ts/meta';
import { groupResourceText, parseResourceVersion, StatusError } from '@kcp-ts/meta';
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

/** Throws Expired for a resourceVersion of this shard that it never gave: it is from what was lost when the data was restored from a backup. */
export function refuseLostLife({ needs, request }: Pick<ResourceCall, 'needs' | 'request'>): void {
  const text = request.query.get('resourceVersion') ?? '';
  const asked = parseResourceVersion(text);
  if (asked === undefined || asked.shard !== needs.shardNumber || !needs.store.isOfLostLife(asked.revision)) return;
  throw StatusError.expired(
    `too old resource version: ${text} was given before the data was restored from a backup; start again from a list`,
  );
}
