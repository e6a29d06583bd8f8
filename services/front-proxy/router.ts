/** From a request's path to the server that answers it. (kcp facts, 8.3) */

import { serviceAudience } from '@kcp-ts/authn';
import type { Exchange } from '@kcp-ts/http';
import { decodeSegment } from '@kcp-ts/http';
import type { Directory } from '@kcp-ts/installation';
import { confirmPlacement } from '@kcp-ts/installation';
import { isWorkspacePath, StatusError } from '@kcp-ts/meta';
import type { ServiceKind } from '@kcp-ts/replication';
import type { PathIndex, Placement } from '@kcp-ts/workspace-index';
import type { Mapping } from './mapping.ts';
import { mappingOf } from './mapping.ts';

export type Target =
  /** Hand it to the server at `url`, under `path`. What is said of the user is for the service of that name alone. */
  | { readonly kind: 'forward'; readonly url: string; readonly path: string; readonly audience: string }
  | { readonly kind: 'refuse'; readonly error: StatusError }
  /** "Not available." in plain text, as kcp says of a workspace that reports itself so. */
  | { readonly kind: 'unavailable' };

/** What the router asks of the directory. */
export interface Places extends Pick<Directory, 'resolve' | 'unheard' | 'shard' | 'services'> {
  readonly index: Pick<PathIndex, 'cluster' | 'witnessOf'>;
}

export interface RouterNeeds {
  readonly directory: Places;
  readonly rootShard: string;
  readonly mappings: readonly Mapping[];
}

const clustersPrefix = '/clusters/';
const apiExportPrefix = '/services/apiexport/';
const cachePrefix = '/services/cache/';
/** Kinds of services that an operator may name by their URL. */
const mappedKinds: readonly ServiceKind[] = ['virtual-workspaces', 'cache-server'];

export interface Router {
  route(exchange: Exchange): Target | Promise<Target>;
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

export function createRouter({ directory, rootShard, mappings }: RouterNeeds): Router {
  function onShard(shard: string, path: string): Target {
    const url = directory.shard(shard)?.baseUrl;
    return url === undefined
      ? unavailable()
      : { kind: 'forward', url, path, audience: serviceAudience('shard', shard) };
  }

  /** Undefined where there is no such workspace, for all that is known. */
  function placed(found: Placement, rest: string): Target | undefined {
    if (found.status === 'found') return onShard(found.shard, `${clustersPrefix}${found.cluster}${rest}`);
    return found.status === 'unavailable' ? { kind: 'unavailable' } : undefined;
  }

  async function confirmed(text: string, rest: string): Promise<Target> {
    const found = await confirmPlacement(directory, text);
    return found === undefined ? unavailable() : (placed(found, rest) ?? noAccess());
  }

  /** `/clusters/<path or name>/…`: paths become names. */
  function routeCluster(url: string): Target | Promise<Target> {
    let end = clustersPrefix.length;
    for (; end < url.length; end++) {
      const code = url.charCodeAt(end);
      if (code === 0x2f || code === 0x3f) break;
    }
    const text = decodeSegment(url.slice(clustersPrefix.length, end));
    const rest = url.slice(end);
    if (!isWorkspacePath(text)) return noAccess();
    return placed(directory.resolve(text), rest) ?? confirmed(text, rest);
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
    if (path.startsWith(apiExportPrefix)) return anyOf('virtual-workspaces', url);
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
  };
}
