/**
 * `[/services/cache]/shards/<shard or *>/clusters/<cluster or *>/…` as a view like any other:
 * read-only, for system:masters.
 */

import type { ClusterName, UserInfo } from '@kcp-ts/api';
import { isClusterName, StatusError } from '@kcp-ts/api';
import type { StorageView, View } from '@kcp-ts/apiserver';
import { splitCluster } from '@kcp-ts/apiserver';
import { decodeSegment } from '@kcp-ts/http';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { Range } from '@kcp-ts/storage';
import { onShard } from './cached-kinds.ts';

export interface CacheTarget {
  readonly shard: string;
  readonly cluster: ClusterName | '*';
  readonly rest: string;
}

const shardPattern = /^[a-z0-9-:]{0,61}$/;
const servicePrefix = '/services/cache';
const readVerbs = ['get', 'list', 'watch'];

/**
 * What a path names; undefined for one that is not about a shard. Throws BadRequest, in kcp's
 * words, for one that is badly so.
 */
export function parseCachePath(path: string): CacheTarget | undefined {
  const text = path.startsWith(`${servicePrefix}/`) ? path.slice(servicePrefix.length) : path;
  if (text !== '/shards' && !text.startsWith('/shards/')) {
    if (text === path) return undefined;
    throw StatusError.badRequest('a shard name is required');
  }
  const behind = text.slice('/shards/'.length);
  const slash = behind.indexOf('/');
  if (behind === '') throw StatusError.badRequest('a shard name is required');
  if (slash < 0) throw StatusError.badRequest(`unable to parse shard: no \`/\` found in path ${text}`);
  const shard = decodeSegment(behind.slice(0, slash));
  if (shard === '') throw StatusError.badRequest('a shard name is required');
  if (shard !== '*' && !shardPattern.test(shard))
    throw StatusError.badRequest(`invalid shard: ${JSON.stringify(shard)} does not match the regex`);
  const split = splitCluster(behind.slice(slash));
  if (split === undefined) return { shard, cluster: '*', rest: behind.slice(slash) };
  if (split.cluster !== '*' && !isClusterName(split.cluster))
    throw StatusError.badRequest(`invalid cluster: ${JSON.stringify(split.cluster)} does not match the regex`);
  return { shard, cluster: split.cluster as ClusterName | '*', rest: split.rest };
}

export interface CacheViewDependencies {
  readonly surface: ApiSurface;
  /** Shards that the cache holds anything of. */
  shards(): readonly string[];
}

function isMaster(user: UserInfo): boolean {
  return user.groups.includes('system:masters');
}

function forbidden(user: UserInfo, verb: string, what: string): StatusError {
  return new StatusError('Forbidden', `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} ${what}`, {});
}

export function cacheView(deps: CacheViewDependencies, { shard, cluster }: CacheTarget): View {
  const { surface } = deps;

  function rangesOf(served: ServedResource, namespace: string): readonly Range[] {
    const below = namespace === '' || !served.definition.namespaced ? '' : `${namespace}/`;
    if (cluster === '*') return [{ prefix: served.prefix }];
    if (shard !== '*') return [{ prefix: `${served.prefix}${cluster}/${below}` }];
    return [...deps.shards()].sort().map((name) => ({ prefix: `${served.prefix}${name}/${cluster}/${below}` }));
  }

  const storage: StorageView = {
    ranges: rangesOf,
    watchRange: (served) => ({ prefix: served.prefix }),
    objectFilter: () => undefined,
    watchFilter: (served, namespace) => {
      if (cluster === '*' && (namespace === '' || !served.definition.namespaced)) return undefined;
      return ({ metadata }) =>
        (cluster === '*' || metadata.annotations?.['kcp.io/cluster'] === cluster) &&
        (namespace === '' || metadata.namespace === namespace);
    },
  };
  return {
    cluster,
    impersonationCluster: '',
    storageFor: () => storage,
    api: {
      surface,
      find(api) {
        const served = api.identity === undefined ? surface.find(api.group, api.version, api.resource) : undefined;
        return served === undefined ? undefined : onShard(served, shard);
      },
    },
    authorizer: {
      authorize(user, info) {
        if (info.kind === 'resource') {
          const { verb = '', resource } = info;
          if (!isMaster(user)) return forbidden(user, verb, `resource ${JSON.stringify(resource)} in the cache`);
          if (readVerbs.includes(verb)) return undefined;
          return StatusError.methodNotAllowed('the cache holds copies: write to the shard that has the original');
        }
        if (!isMaster(user)) return forbidden(user, info.verb, `path ${JSON.stringify(info.path)}`);
        if (info.path !== '/metrics') return undefined;
        const text = 'shard-level endpoint not available at shard or workspace scope';
        return new StatusError('NotImplemented', text, {});
      },
    },
  };
}
