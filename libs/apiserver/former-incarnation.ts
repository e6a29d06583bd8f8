/**
 * Nobody goes on from a time before what he asks about was there: before the first revision, before
 * the workspace was made, or, of a custom resource, before its definition or binding was deleted
 * and made again.
 */
import type { Revision } from '@kcp-ts/api';
import { groupResourceText, parseResourceVersion, StatusError } from '@kcp-ts/api';
import { oldestRevision } from './options/list-options.ts';
import type { ResourceCall } from './resource-call.ts';

function createdAt(deps: ResourceCall['deps'], key: string | undefined): Revision | undefined {
  return key === undefined ? undefined : deps.store.head(key)?.createRevision;
}

/**
 * Throws Expired for a revision from before the resource was served here, as a kube-apiserver does
 * whose watch cache is as old as the definition. What a client knew of the objects of that time
 * would otherwise be patched together with those of now; it may come from another installation.
 */
export function refuseFormerIncarnation({ deps, cluster, served }: ResourceCall, revision: Revision | undefined): void {
  const { origin } = served;
  if (revision === undefined || revision === 0) return;
  if (revision <= oldestRevision) throw tooOld(revision, deps.store.currentRevision());
  if (cluster === '*') return;
  const made = createdAt(deps, deps.registry.logicalClusterKey?.(cluster));
  if (made !== undefined && revision < made) throw tooOld(revision, made);
  if (origin.kind === 'builtin') return;
  const since = deps.registry.originOf?.(cluster, served)?.createRevision;
  if (since !== undefined && revision < since)
    throw StatusError.expired(
      `too old resource version: ${groupResourceText(served.definition)} has been served here since then; start again from a list`,
    );
}

/**
 * Throws Expired for a resourceVersion of this shard that it never gave: it is from what was lost
 * when the data was restored from a backup.
 */
export function refuseLostIncarnation({ deps, request }: Pick<ResourceCall, 'deps' | 'request'>): void {
  const text = request.query.get('resourceVersion') ?? '';
  const asked = parseResourceVersion(text);
  if (asked === undefined || asked.shard !== deps.shardNumber || !deps.store.isOfLostIncarnation(asked.revision))
    return;
  throw StatusError.expired(
    `too old resource version: ${text} was given before the data was restored from a backup; start again from a list`,
  );
}

/** In the words of kube-apiserver: what was asked for, and what there is. */
export function tooOld(asked: Revision, oldest: Revision): StatusError {
  return StatusError.expired(`too old resource version: ${asked} (${oldest})`);
}
