/**
 * Has etcd forget old revisions: one process per interval, whoever comes first, and never newer than what was current an interval ago, so that a mirror may be
 * that far behind. The election is a key whose version counts the intervals, as Kubernetes' API servers do it.
 */
import type { Clock } from '@kcp-ts/base';
import type { EtcdClient } from './etcd-client.ts';
import { etcdCommit, etcdGet } from './etcd-transaction.ts';

/** One for all shards of an etcd, whatever their prefixes. */
export const compactionKey = '/kcp/compaction';

const intervalMsDefault = 5 * 60_000;

export interface Compactor {
  /** Once an interval. Resolves to the revision that etcd was told to forget up to; undefined where it was somebody else's turn, or there is nothing yet. */
  turn(): Promise<bigint | undefined>;
}

export function createCompactor(client: EtcdClient, key = compactionKey): Compactor {
  /** What the key was when we last looked, and etcd's revision at that time. */
  let version = 0n;
  let revision = 0n;
  return {
    async turn() {
      const value = Buffer.from(String(revision));
      const won = await etcdCommit(client, [{ key, version }], [{ put: key, value }]);
      if (!won.succeeded) {
        const read = await etcdGet(client, key);
        version = read.entry?.version ?? 0n;
        revision = read.revision;
        return undefined;
      }
      const upTo = revision;
      version += 1n;
      revision = won.revision;
      if (upTo === 0n) return undefined;
      await client.authenticated(() => client.kv.compact({ revision: upTo }));
      return upTo;
    },
  };
}

/** Takes a turn every interval, until disposed. */
export function compactRegularly(
  client: EtcdClient,
  { clock, intervalMs = intervalMsDefault }: { readonly clock: Clock; readonly intervalMs?: number | undefined },
): Disposable {
  const compactor = createCompactor(client);
  let timer: Disposable;
  const next = () => {
    timer = clock.setTimer(intervalMs, () => {
      // What fails now is done in the next interval, by whoever comes first.
      compactor.turn().catch(() => undefined);
      next();
    });
  };
  next();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
