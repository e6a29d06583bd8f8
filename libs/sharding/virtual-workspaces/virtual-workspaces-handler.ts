/**
 * A request to a virtual workspace: one about one consumer goes to the consumer's shard, one about
 * all of them is answered here, over all shards.
 */

import { compileLabelSelector, isWorkspacePath, StatusError } from '@kcp-ts/api';
import { isTrue, parseApiPath, parseListOptions, parseQuery } from '@kcp-ts/apiserver';
import { mastersGroup } from '@kcp-ts/authn';
import { spreadOver } from '@kcp-ts/base';
import type { Exchange, InFlight } from '@kcp-ts/http';
import { answerStatus, unavailable } from '../backends/backends.ts';
import type { Confirming } from '../locator/directory.ts';
import { confirmPlacement } from '../locator/directory.ts';
import { parseVirtualWorkspacePath } from '../locator/virtual-workspace-routes.ts';
import type { ShardRecord } from '../membership/membership.ts';
import type { CallerDependencies, RequestHeaders } from './caller.ts';
import { readCaller } from './caller.ts';
import type { ExportPath } from './export-path.ts';
import { parseExportPath } from './export-path.ts';
import { handleMergedList } from './merged-list-handler.ts';
import type { MergeDependencies, MergedRequest } from './merged-request.ts';
import { handleMergedWatch } from './merged-watch-handler.ts';

export interface VirtualWorkspacesHandlerDependencies {
  readonly merge: MergeDependencies;
  readonly caller: CallerDependencies;
  readonly directory: Confirming;
  readonly inFlight: InFlight;
  /** What shards are selected by. */
  labelsOf(shard: ShardRecord): Readonly<Record<string, string>>;
  /** Health and metrics of the service itself; undefined for any other path. */
  answerOwn(exchange: Exchange): Promise<void> | true | undefined;
  /** One line about a fault of ours. */
  logFault(exchange: Exchange, error: StatusError): void;
}

export interface VirtualWorkspacesHandler {
  readonly handler: (exchange: Exchange) => Promise<void>;
  /** Ends the watches that there are now, over so long: their clients go on at another replica. */
  endWatches(milliseconds: number): Promise<void>;
  watches(): number;
}

interface Request {
  readonly exchange: Exchange;
  readonly path: string;
  /** With its question mark, or empty. */
  readonly search: string;
  readonly headers: RequestHeaders;
}

function split({ url }: Exchange): { readonly path: string; readonly search: string } {
  const question = url.indexOf('?');
  return question < 0 ? { path: url, search: '' } : { path: url.slice(0, question), search: url.slice(question) };
}

export function createVirtualWorkspacesHandler(deps: VirtualWorkspacesHandlerDependencies): VirtualWorkspacesHandler {
  const { merge, directory } = deps;
  const { membership, backends } = merge.shards;
  const running = new Set<{ end(error: undefined): void }>();

  function anyShard(): ShardRecord | undefined {
    const { shards } = membership.current();
    return shards.find(({ alive }) => alive) ?? shards[0];
  }

  /** What is not known may only not be known yet. */
  async function resolve(text: string) {
    if (!isWorkspacePath(text)) return { status: 'unknown' } as const;
    const found = directory.resolve(text);
    if (found.status !== 'unknown') return found;
    const confirmed = await confirmPlacement(directory, text);
    if (confirmed === undefined) throw unavailable();
    return confirmed;
  }

  /**
   * The shard of the export; where it is down, or there is no such workspace, any other knows what
   * to say.
   */
  async function shardOf(workspace: string): Promise<ShardRecord | undefined> {
    const found = await resolve(workspace);
    const shard = found.status === 'found' ? merge.shards.byName(found.shard) : undefined;
    return shard?.alive === true ? shard : anyShard();
  }

  function forward({ exchange, search, headers }: Request, shard: ShardRecord | undefined, path: string): void {
    if (shard === undefined) throw unavailable();
    backends.forward(shard.baseUrl, exchange, `${path}${search}`, headers(shard.name));
  }

  async function forwardToConsumer(request: Request, target: ExportPath): Promise<void> {
    const found = await resolve(target.consumer);
    if (found.status === 'unavailable') throw unavailable();
    if (found.status === 'found') forward(request, merge.shards.byName(found.shard), target.path(found.cluster));
    else forward(request, await shardOf(target.owner), target.path(encodeURIComponent(target.consumer)));
  }

  async function answerAll(request: Request, target: ExportPath): Promise<void> {
    const { exchange, headers } = request;
    const api = parseApiPath(target.rest);
    const collection = api !== undefined && api.name === '' && api.subresource === '';
    const decider = await shardOf(target.owner);
    if (!collection || exchange.method !== 'GET') {
      forward(request, decider, target.path('*'));
      return;
    }
    const query = parseQuery(request.search.slice(1));
    const watch = api.watch || isTrue(query, 'watch');
    const options = parseListOptions(query, api.watch);
    const selected = compileLabelSelector(target.shards);
    const merged: MergedRequest = {
      path: target.path('*'),
      query: new URLSearchParams(request.search),
      headers,
      includes: (shard) => target.shards.length === 0 || selected(deps.labelsOf(shard)),
      decider,
    };
    if (watch) await handleMergedWatch(merge, exchange, merged, options, running);
    else await handleMergedList(merge, exchange, merged, options);
  }

  async function handle(exchange: Exchange): Promise<void> {
    const { path, search } = split(exchange);
    const { user, headers } = readCaller(deps.caller, exchange);
    deps.inFlight.admit(exchange, user?.groups.includes(mastersGroup) === true);
    const request: Request = { exchange, path, search, headers };
    const target = parseExportPath(path);
    if (target === undefined) {
      // A path of no virtual workspace: a shard answers it.
      const named = parseVirtualWorkspacePath(path);
      forward(request, named === undefined ? anyShard() : await shardOf(named.workspace), path);
    } else if (target.consumer === '*') await answerAll(request, target);
    else await forwardToConsumer(request, target);
  }

  return {
    async handler(exchange) {
      const own = deps.answerOwn(exchange);
      if (own !== undefined) return own === true ? undefined : own;
      try {
        await handle(exchange);
      } catch (thrown) {
        const error = StatusError.from(thrown);
        if (error.code >= 500 && error.cause !== undefined) deps.logFault(exchange, error);
        answerStatus(exchange, error);
      }
    },
    endWatches: (milliseconds) => spreadOver(merge.clock, running, milliseconds, (watch) => watch.end(undefined)),
    watches: () => running.size,
  };
}
