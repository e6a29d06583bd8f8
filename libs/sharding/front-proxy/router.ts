/** From a request's path to the server that answers it. (kcp facts, 8.3) */

import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import { serviceAudience } from '@kcp-ts/authn';
import type { Exchange } from '@kcp-ts/http';
import { decodeSegment } from '@kcp-ts/http';
import type { Directory } from '../locator/directory.ts';
import { confirmPlacement } from '../locator/directory.ts';
import type { PathIndex, Placement } from '../locator/path-index.ts';
import { parseVirtualWorkspacePath } from '../locator/virtual-workspace-routes.ts';
import type { ServiceKind } from '../membership/membership.ts';
import type { Mapping } from './mapping.ts';
import { mappingOf } from './mapping.ts';

export type Route =
  /**
   * Send it to the server at `url`, under `path`. The assertion of the user is for the service of
   * that name alone.
   */
  | {
      readonly kind: 'forward';
      readonly url: string;
      readonly path: string;
      readonly audience: string;
      /**
       * The index, which may be out of date, says so: a shard that does not have the cluster
       * answers that, and `confirm` finds out where it is.
       */
      readonly unconfirmed?: boolean;
    }
  | { readonly kind: 'refuse'; readonly error: StatusError }
  /** "Not available." in plain text, as kcp says of a workspace that reports itself so. */
  | { readonly kind: 'unavailable' };

/** What the router asks of the directory. */
export interface RouterDirectory extends Pick<Directory, 'resolve' | 'staleShards' | 'shard' | 'services'> {
  readonly index: Pick<PathIndex, 'cluster' | 'oracleOf'>;
}

export interface RouterDependencies {
  readonly directory: RouterDirectory;
  readonly rootShard: string;
  mappings(): readonly Mapping[];
}

const clustersPrefix = '/clusters/';
const cachePrefix = '/services/cache/';
/** Kinds of services that an operator may name by their URL. */
const mappedKinds: readonly ServiceKind[] = ['virtual-workspaces', 'cache-server'];

export interface Router {
  route(exchange: Exchange): Route | Promise<Route>;
  /**
   * Where a request for a workspace goes once all shards have been asked: the workspace may have
   * been made again on another one.
   */
  confirm(exchange: Exchange): Promise<Route>;
}

function unavailable(): Route {
  const text = 'the server is currently unable to handle the request';
  return { kind: 'refuse', error: new StatusError('ServiceUnavailable', text, { retryAfterSeconds: 1 }) };
}

function noAccess(): Route {
  return { kind: 'refuse', error: new StatusError('Forbidden', 'forbidden: workspace access not permitted', {}) };
}

/** The cluster of a service account's token: the claim alone, which the shard verifies. */
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
  function onShard(shard: string, path: string, unconfirmed = false): Route {
    const url = directory.shard(shard)?.baseUrl;
    return url === undefined
      ? unavailable()
      : { kind: 'forward', url, path, audience: serviceAudience('shard', shard), unconfirmed };
  }

  /** Undefined where there is no such workspace, for all that is known. */
  function placed(found: Placement, rest: string, unconfirmed: boolean): Route | undefined {
    if (found.status === 'found') return onShard(found.shard, `${clustersPrefix}${found.cluster}${rest}`, unconfirmed);
    return found.status === 'unavailable' ? { kind: 'unavailable' } : undefined;
  }

  async function confirmed(text: string, rest: string): Promise<Route> {
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
  function routeCluster(url: string): Route | Promise<Route> {
    const { text, rest } = split(url);
    if (!isWorkspacePath(text)) return noAccess();
    return placed(directory.resolve(text), rest, true) ?? confirmed(text, rest);
  }

  let turn = 0;
  function anyOf(kind: ServiceKind, path: string): Route {
    const backends = directory.services(kind);
    turn = backends.length === 0 ? 0 : (turn + 1) % backends.length;
    const backend = backends[turn];
    if (backend === undefined) return unavailable();
    return { kind: 'forward', url: backend.baseUrl, path, audience: serviceAudience(kind, backend.name) };
  }

  /**
   * The audience of a server that the operator names by its URL: a service of the installation, or
   * a server that takes no assertions.
   */
  function audienceAt(url: string): string {
    for (const kind of mappedKinds) {
      const found = directory.services(kind).find(({ baseUrl }) => baseUrl === url);
      if (found !== undefined) return serviceAudience(kind, found.name);
    }
    return url;
  }

  function routeOther(exchange: Exchange, url: string): Route {
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    const mapping = mappingOf(mappings(), path);
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
