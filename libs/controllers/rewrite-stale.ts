/**
 * Writes again, as they are, objects that are not encrypted at rest as they would be now: after a
 * key was changed, or encryption was turned on or off. All of the store is looked at once after a
 * start and once after each change, beside other work.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { nothing, wait } from '@kcp-ts/controller-runtime';
import type { Decision, Store } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch, parseStored, storedFlags } from '@kcp-ts/storage';
import { replaceOfAnyKind } from './writer.ts';

export interface RewriteStaleOptions {
  /** Absent where nothing is encrypted, nor was. */
  readonly encryption?: { readonly isConfigured: boolean; onChange(changed: () => void): Disposable } | undefined;
  /** Called when all that was stale is encrypted again, with how many objects that were. */
  readonly onRewritten?: ((count: number) => void) | undefined;
}

export interface RewriteStaleDependencies extends RewriteStaleOptions {
  readonly store: Omit<Store, 'commit'>;
  readonly shardNumber: number;
  decide(): Decision;
}

/** The one key of this controller. */
export const rewriteKey = 'rewrite';

const againMs = 1_000;

export function createRewriteStale(deps: RewriteStaleDependencies): Controller {
  const { encryption } = deps;

  /** Since nothing was left the last time. */
  let count = 0;

  /** Resolves to whether all were written: a writer may have been faster. */
  async function rewrite(written: (count: number) => void): Promise<boolean> {
    let complete = true;
    for await (const entries of eachBatch(deps.store, { prefix: '' })) {
      const operations = entries
        .filter(({ stale }) => stale === true)
        .map((entry) =>
          replaceOfAnyKind(deps, entry, storedFlags(entry.value), () => parseStored<KubeObject>(entry.value)),
        );
      for (const commit of cutIntoCommits(deps.store, operations)) {
        if (await deps.decide().commit(commit)) written(commit.length);
        else complete = false;
      }
    }
    return complete;
  }

  return {
    name: 'encryption-at-rest',
    watches: [],
    sources:
      encryption === undefined ? [] : [{ subscribe: (enqueue) => encryption.onChange(() => enqueue([rewriteKey])) }],
    initialKeys: () => (encryption?.isConfigured === true ? [rewriteKey] : []),
    async reconcile() {
      const complete = await rewrite((more) => {
        count += more;
      });
      if (!complete) return wait(againMs, 'objects were written meanwhile');
      // Only when nothing is left: an operator takes the former key away then.
      if (count > 0) deps.onRewritten?.(count);
      count = 0;
      return nothing;
    },
  };
}
