/** What leaves a shard with its feed, and how a process follows the feeds of all shards. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Revision } from '@kcp-ts/api';
import { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { FeedConsumer, FeedHandler, Project } from '@kcp-ts/sharding';
import { createFeedConsumer, isWorkspaceKey, projectionOf } from '@kcp-ts/sharding';
import { isLogicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import type { SimMembership } from './membership.ts';
import type { SimProcess } from './process.ts';
import type { Simulation } from './simulation.ts';

/** Objects that merged streams show; no feed carries them. */
export const contentPrefix = 'example.dev/widgets/identity/';
/** Objects that every shard has a copy of. */
export const copiedPrefix = 'apis.kcp.io/apiexports/-/';
export const workspacesPrefix = 'tenancy.kcp.io/workspaces/identity/';
export const feedPrefixes = [copiedPrefix, workspacesPrefix, logicalClustersPrefix];

export const project: Project = ({ type, key, value }) => {
  const projected = isLogicalClusterKey(key) || isWorkspaceKey(key);
  if (!projected && !key.startsWith(copiedPrefix)) return { kind: 'none' };
  if (type === 'delete') return { kind: 'delete' };
  return { kind: 'put', value: projected ? projectionOf(value) : value };
};

const pieceEntries = 2;

const { snapshot, fetch } = FeedService.method;
/** The call of somebody who may do anything. */
export const nobody = { signal: new AbortController().signal, peer: { commonName: '', organizations: [], uris: [] } };

async function* overTheWire<Piece, Schema extends typeof snapshot.output | typeof fetch.output>(
  pieces: AsyncIterable<Piece>,
  schema: Schema,
): AsyncGenerator<ReturnType<typeof fromBinary<Schema>>> {
  for await (const piece of pieces)
    yield fromBinary(schema, toBinary(schema, create(schema, piece as Parameters<typeof create<Schema>>[1])));
}

/** As a shard with much to say would: what comes in one piece cannot be torn. */
async function* inPieces<Reply extends { readonly entries?: readonly unknown[] }>(
  replies: AsyncIterable<Reply>,
): AsyncGenerator<Reply> {
  for await (const reply of replies) {
    const { entries = [] } = reply;
    for (let at = 0; at === 0 || at < entries.length; at += pieceEntries)
      yield { ...reply, entries: entries.slice(at, at + pieceEntries) };
  }
}

function client(
  { network, incarnations, caches }: Simulation,
  process: SimProcess,
  address: string,
): RpcClient<typeof FeedService> {
  function life() {
    const found = incarnations.get(address) ?? caches.get(address);
    if (found === undefined) throw new RpcError('unavailable', `nobody is at ${address}`);
    return found;
  }
  return {
    call: {
      snapshot(request) {
        const { process: shard, feed } = life();
        const pieces = () => inPieces(feed().snapshot(create(snapshot.input, request), nobody));
        return overTheWire(network.stream(process, shard, pieces), snapshot.output);
      },
      fetch(request) {
        const { process: shard, feed } = life();
        const pieces = () => feed().fetch(create(fetch.input, request), nobody);
        return overTheWire(network.stream(process, shard, pieces), fetch.output);
      },
      progress() {
        throw new RpcError('unimplemented', 'no feed consumer asks for it');
      },
    },
    [Symbol.dispose]: () => undefined,
  };
}

export interface FollowDependencies {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  readonly feedHandler: FeedHandler;
  /** Its own shard, which it needs not follow. */
  readonly own?: string;
}

/** A membership names the process that announced itself last. */
function newest(caches: Simulation['caches']): readonly string[] {
  return [...new Map([...caches].map(([address, { process }]) => [process.host, address])).values()];
}

export async function followFeeds(
  simulation: Simulation,
  { process, membership, feedHandler, own }: FollowDependencies,
): Promise<FeedConsumer> {
  const feedConsumer = await createFeedConsumer({
    bus: simulation.bus.open(process),
    clock: process.clock,
    feedHandler,
    connect: (address) => client(simulation, process, address),
    replicas: () => newest(simulation.caches),
  });
  membership.follow(({ shards }) => feedConsumer.setShards(shards.filter(({ name }) => name !== own)));
  return feedConsumer;
}

/** Observes the largest revision of all messages. */
export function observingHandler(observe: (revision: Revision) => void): FeedHandler {
  const hear = (entries: readonly { readonly revision: Revision }[]) => {
    for (const { revision } of entries) observe(revision);
  };
  return {
    apply: (_shard, entries) => hear(entries),
    begin: () => ({ add: hear, end: () => undefined }),
    removed: () => undefined,
  };
}
