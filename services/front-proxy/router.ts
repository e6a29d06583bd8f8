/** From a request's path to the server that answers it. (kcp facts, 8.3) */

import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import { serviceAudience } from '@kcp-ts/authn';
import type { Exchange } from '@kcp-ts/http';
import { decodeSegment } from '@kcp-ts/http';
import type { Directory, PathIndex, Placement, ServiceKind } from '@kcp-ts/sharding';
import { confirmPlacement, parseVirtualWorkspacePath } from '@kcp-ts/sharding';
import type { Mapping } from './mapping.ts';
import { mappingOf } from './mapping.ts';

export type Target =
  /** Hand it to the server at `url`, under `path`. What is said of the user is for the service of that name alone. */
  | {
      readonly kind: 'forward';
      readonly url: string;
      readonly path: string;
      readonly audience: string;
      /** By what was heard of the shards: whoever does not have what is asked for says so, and `confirm` finds out where it is. */
      readonly heard?: boolean;
    }
  | { readonly kind: 'refuse'; readonly error: StatusError }
  /** "Not available." in plain text, as kcp says of a workspace that reports itself so. */
  | { readonly kind: 'unavailable' };

/** What the router asks of the directory. */
export interface Places extends Pick<Directory, 'resolve' | 'staleShards' | 'shard' | 'services'> {
  readonly index: Pick<PathIndex, 'cluster' | 'oracleOf'>;
}

export interface RouterDependencies {
  readonly directory: Places;
  readonly rootShard: string;
  readonly mappings: readonly Mapping[];
}

const clustersPrefix = '/clusters/';
const cachePrefix = '/services/cache/';
/** Kinds of services that an operator may name by their URL. */
const mappedKinds: readonly ServiceKind[] = ['virtual-workspaces', 'cache-server'];

export interface Router {
  route(exchange: Exchange): Target | Promise<Target>;
  /** Where a request for a workspace goes when all shards have been asked: it may have been made again on another one. */
  confirm(exchange: Exchange): Promise<Target>;
}

function unavailable(): Target {
  const text = 'the server is currently unable to handle the request';
  return { kind: 'refuse', error: new StatusError('ServiceUnavailable', text, { retryAfterSeconds: 1 }) };
}

function noAccess(): Target {
  return { kind: 'refuse', error: new StatusError('Forbidden', 'forbidden: workspace access not permitted', {}) };
}

/** The cluster that a service account's token is at home in: the claim alone, which the shard verifies. */
function homeOf(exchange: Exchange): string | undefined {
  const header = exchange.headers['authorization'];
  if (typeof header !== 'string' || !header.startsWith('Bearer ')) return undefined;
  const payload = header.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
      'kubernetes.io'?: { clusterName?: unknown };
      'kubernetes.io/serviceaccount/clusterName'?: unknown;
    };
    // Bound tokens have it in one place, those of Secrets in another.
    const cluster = claims['kubernetes.io']?.clusterName ?? claims['kubernetes.io/serviceaccount/clusterName'];
    return typeof cluster === 'string' ? cluster : undefined;
  } catch {
    return undefined;
  }
}

export function createRouter({ directory, rootShard, mappings }: RouterDependencies): Router {
  function onShard(shard: string, path: string, heard = false): Target {
    const url = directory.shard(shard)?.baseUrl;
    return url === undefined
      ? unavailable()
      : { kind: 'forward', url, path, audience: serviceAudience('shard', shard), heard };
  }

  /** Undefined where there is no such workspace, for all that is known. */
  function placed(found: Placement, rest: string, heard: boolean): Target | undefined {
    if (found.status === 'found') return onShard(found.shard, `${clustersPrefix}${found.cluster}${rest}`, heard);
    return found.status === 'unavailable' ? { kind: 'unavailable' } : undefined;
  }

  async function confirmed(text: string, rest: string): Promise<Target> {
    const found = await confirmPlacement(directory, text);
    return found === undefined ? unavailable() : (placed(found, rest, false) ?? noAccess());
  }

  /** `/clusters/<path or name>/…` in two. */
  function split(url: string): { readonly text: string; readonly rest: string } {
    let end = clustersPrefix.length;
    for (; end < url.length; end++) {
      const code = url.charCodeAt(end);
      if (code === 0x2f || code === 0x3f) break;
    }
    return { text: decodeSegment(url.slice(clustersPrefix.length, end)), rest: url.slice(end) };
  }

  /** Paths become names. */
  function routeCluster(url: string): Target | Promise<Target> {
    const { text, rest } = split(url);
    if (!isWorkspacePath(text)) return noAccess();
    return placed(directory.resolve(text), rest, true) ?? confirmed(text, rest);
  }

  let turn = 0;
  function anyOf(kind: ServiceKind, path: string): Target {
    const backends = directory.services(kind);
    turn = backends.length === 0 ? 0 : (turn + 1) % backends.length;
    const backend = backends[turn];
    if (backend === undefined) return unavailable();
    return { kind: 'forward', url: backend.baseUrl, path, audience: serviceAudience(kind, backend.name) };
  }

  /** Whom the operator names by its URL: one of ours, or somebody who takes no assertions. */
  function audienceAt(url: string): string {
    for (const kind of mappedKinds) {
      const found = directory.services(kind).find(({ baseUrl }) => baseUrl === url);
      if (found !== undefined) return serviceAudience(kind, found.name);
    }
    return url;
  }

  function routeOther(exchange: Exchange, url: string): Target {
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    const mapping = mappingOf(mappings, path);
    if (mapping !== undefined)
      return { kind: 'forward', url: mapping.backend, path: url, audience: audienceAt(mapping.backend) };
    if (parseVirtualWorkspacePath(path) !== undefined) return anyOf('virtual-workspaces', url);
    if (path.startsWith(cachePrefix)) return anyOf('cache-server', url);
    // A service account's client knows no clusters: it is at home where its token says.
    const home = homeOf(exchange);
    const found = home === undefined ? undefined : directory.index.cluster(home);
    return onShard(found?.shard ?? rootShard, url);
  }

  return {
    route(exchange) {
      const { url } = exchange;
      return url.startsWith(clustersPrefix) ? routeCluster(url) : routeOther(exchange, url);
    },
    confirm({ url }) {
      const { text, rest } = split(url);
      return confirmed(text, rest);
    },
  };
}
