/**
 * What a list is read from: the state, place and filter that the options of a request name.
 * Deletecollection reads as a list does.
 */

import type { Revision } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { listedJson, servedJson } from '@kcp-ts/registry';
import type { Range } from '@kcp-ts/storage';
import { awaitRevision } from '../await-revision.ts';
import { formatContinue, parseContinue } from '../continue-token.ts';
import { refuseFormerIncarnation } from '../former-incarnation.ts';
import type { ListOptions } from '../options/list-options.ts';
import type { Page } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { SelectorFilter } from '../selector-filter.ts';
import { selectedName, selectorFilter } from '../selector-filter.ts';
import type { KeyFilter } from '../view.ts';
import type { ItemEncoder } from './item-encoder.ts';

/** Beyond this it is not counted how many objects are left. */
const remainingMax = 10_000;

export interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface Reading {
  readonly ranges: readonly Range[];
  /** Instead of `ranges`, of a view that shows single objects. */
  readonly keys: readonly string[] | undefined;
  readonly filter: SelectorFilter | undefined;
  readonly keyFilter: KeyFilter | undefined;
  readonly at: Revision | undefined;
  readonly after: string | undefined;
  readonly slices: Slices;
}

/**
 * Throws StatusError BadRequest for a token that is none of this list, Timeout for a revision that
 * does not come.
 */
export async function reading(call: ResourceCall, options: ListOptions): Promise<Reading> {
  const { deps, cluster, storage, served, api } = call;
  const slices = deps.turns.begin();
  const filter = selectorFilter(served, options, storage.objectFilter(served));
  const keyFilter = storage.keyFilter?.(served);
  const name = api.name === '' ? selectedName(options) : api.name;
  const named = name !== undefined && (api.namespace !== '' || !served.definition.namespaced) && cluster !== '*';
  const keys = storage.keys?.(served, api.namespace, name);
  const all = storage.ranges(served, api.namespace);
  const ranges = named ? all.map((range) => ('prefix' in range ? { prefix: range.prefix } : range)) : all;
  if (options.continue !== undefined) {
    const token = parseContinue(options.continue, served.prefix);
    refuseFormerIncarnation(call, token.revision);
    return { ranges, keys, filter, keyFilter, at: token.revision, after: token.after, slices };
  }
  if (options.revision !== undefined && options.revision > 0) await awaitRevision(deps, options.revision);
  const at = options.match === 'Exact' ? options.revision : undefined;
  refuseFormerIncarnation(call, at);
  return { ranges, keys, filter, keyFilter, at, after: undefined, slices };
}

/**
 * The metadata of a list that ends with `page`: where to go on, and how much is left as far as that
 * is cheap to know.
 */
export async function metadataOf(call: ResourceCall, from: Reading, page: Page): Promise<ListMetadata> {
  const resourceVersion = formatResourceVersion(page.revision, call.deps.shardNumber);
  const last = page.entries.at(-1);
  if (!page.more || last === undefined) return { resourceVersion };
  const token = formatContinue({ revision: page.revision, after: last.key });
  const whole = from.filter === undefined && from.keyFilter === undefined;
  if (!whole || from.ranges.length !== 1 || from.ranges[0] === undefined) return { resourceVersion, continue: token };
  const left = await call.deps.store.count(from.ranges[0], {
    at: page.revision,
    after: last.key,
    atMost: remainingMax,
  });
  if (left === 0) return { resourceVersion };
  return { resourceVersion, continue: token, ...(left < remainingMax ? { remainingItemCount: left } : {}) };
}

/**
 * How an item of a list is written. Virtual workspaces serve all kinds as custom ones, whose items
 * say what they are.
 */
export function itemJsonOf({ storage, served }: ResourceCall): ItemEncoder {
  const json = storage.objectFilter(served) === undefined ? listedJson : servedJson;
  return ({ value }) => json(served, value);
}
