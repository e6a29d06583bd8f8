/** The data of a shard of several: while it is owned, the shard is one of the installation. */
import { findServiceAccount } from '@kcp-ts/authn';
import type { Live } from '@kcp-ts/base';
import type { EtcdReplica, OwnedShard } from '@kcp-ts/storage';
import type { PeerTls } from '../membership/connections.ts';
import { joinOthers } from '../membership/join.ts';
import { joinInstallation } from '../other-shards/join-installation.ts';
import type { DataDependencies, OwnedData, ShardDataConfig } from './owned-data.ts';

/** Calls of others that are under way have so long to end. */
const drainMs = 2_000;

function labelsOf({ shardLabels }: ShardDataConfig): Record<string, string> {
  return Object.fromEntries(
    shardLabels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  );
}

/**
 * Joins the other shards with the data that this process owns, and leaves them when another process
 * owns it.
 */
export async function joinWithData(
  deps: DataDependencies & { readonly tls: Live<PeerTls> },
  replica: EtcdReplica,
  owned: OwnedShard,
): Promise<OwnedData> {
  const { config, clock, log, random } = deps;
  const { store, holds, lost } = owned;
  let isLost = false;
  void lost.then(() => {
    isLost = true;
  });
  await using opened = new AsyncDisposableStack();
  opened.use(owned);
  const joined = opened.use(
    await joinOthers({ ...deps, own: { ...deps.urls, name: config.shardName, labels: labelsOf(config) } }),
  );
  const { membership, own, bus, tls, rpc, clocks } = joined;
  // Also where the clock is set back from here on: nothing is committed at or below what was
  // promised.
  store.observe(own.joinRevision);
  const installation = await joinInstallation({
    membership,
    own,
    bus,
    store,
    tls,
    rpc,
    clock,
    clocks,
    random,
    log,
    rootExports: deps.rootExports,
    findServiceAccount: (account) => findServiceAccount(store, account),
  });
  // What others follow has ended with the ownership: they go to the process that has it now.
  opened.defer(() => installation.close(isLost ? 0 : drainMs));
  const all = opened.move();
  return {
    store,
    holds,
    lost,
    installation,
    shardNumber: own.number,
    report: {
      clocks,
      refusedRevisions: installation.received.refused,
      etcdTransactions: () => replica.transactions(),
      feeds: {
        shards: () => membership.current().shards.flatMap(({ name }) => (name === own.name ? [] : [name])),
        ageMs: (shard) => installation.feedConsumer.ageMs(shard),
        indexed: () => installation.otherShards.index.sizes(),
      },
    },
    follow(shard) {
      installation.takeRequests(shard.requests);
      if (config.rootShardName !== config.shardName) return undefined;
      const leave = (name: string) => {
        membership
          .leave(name)
          .catch((error: unknown) => log.error({ err: error, shard: name }, 'a shard cannot leave'));
      };
      const objects = shard.keepShards(leave);
      const following = membership.follow(({ shards }) => {
        objects.joined(shards).catch((error: unknown) => log.error({ err: error }, 'Shard objects cannot be kept'));
      });
      return {
        [Symbol.dispose]() {
          following[Symbol.dispose]();
          objects[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}
