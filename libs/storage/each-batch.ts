import type { Entry, Range, Store } from './store.ts';

const batchEntries = 200;

/** All entries of a range in bounded batches, each entry in its newest durable state. */
export async function* eachBatch(store: Pick<Store, 'list'>, range: Range): AsyncIterable<readonly Entry[]> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list(range, { after, limit: batchEntries });
    if (page.entries.length > 0) yield page.entries;
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) return;
  }
}
