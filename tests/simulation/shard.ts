/**
 * A shard: a disk, and one process after the other that owns it, each made of the store, the watch
 * hub, the feed and the progress of the real thing.
 */

import type { Revision } from '@kcp-ts/api';
import type { Progress } from '@kcp-ts/apiserver';
import { awaitRevision, createProgress } from '@kcp-ts/apiserver';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcHandlers } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { Project, ShardRecord } from '@kcp-ts/sharding';
import { createFeedPublisher, feedHandlers, joinFeedHandlers } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { revisionAt } from '@kcp-ts/storage';
import { createStore } from '@kcp-ts/storage/contract';
import { createWatchHub } from '@kcp-ts/watch';
import type { SimDisk } from './disk.ts';
import { createSimDisk } from './disk.ts';
import { contentPrefix, feedPrefixes, followFeeds, observingHandler, project } from './feeds.ts';
import { followMembership } from './membership.ts';
import type { SimProcess } from './process.ts';
import { createProcess, drawSkew } from './process.ts';
import type { Serve, ServeDependencies, Serving, ShardIncarnation, SimShard, Simulation } from './simulation.ts';
import { createCopiesView } from './views.ts';

/** How long a lease outlasts the last word of its owner. */
export const leaseMs = 3_000;
/** How often the owner says so. */
export const keepAliveMs = 1_000;

const againMs = 100;

const nothing = new Uint8Array();

/** With what it held open. */
export function kill({ network }: Pick<Simulation, 'network'>, process: SimProcess): void {
  process.kill();
  network.cut(({ from, to }) => from === process || to === process);
}

/** Waits until it may commit, and opens the store. */
async function own(
  { rules }: Simulation,
  { process, disk, record }: { process: SimProcess; disk: SimDisk; record: ShardRecord },
): Promise<Store> {
  const { clock } = process;
  if (rules.joinRevision) {
    const aheadMs = (record.joinRevision - revisionAt(clock.now())) / 1_000;
    if (aheadMs > 0) await new Promise<void>((resolve) => void clock.setTimer(Math.ceil(aheadMs), resolve));
  }
  const owned = await createStore(await disk.own(process), { clock });
  const store: Store = {
    ...owned,
    async progress(past) {
      const promise = await owned.progress(past);
      disk.promised(promise);
      return promise;
    },
  };
  if (rules.joinRevision) store.observe(record.joinRevision);
  return store;
}

/** A feed that others can follow. */
export function publishFeed(
  { bus }: Simulation,
  { process, record, store }: ServeDependencies,
  { project, prefixes }: { readonly project: Project; readonly prefixes: () => readonly string[] },
  requestProgress: Progress['requestProgress'],
): RpcHandlers<typeof FeedService> {
  const shard = { name: record.name, number: record.number };
  const common = { store, epoch: process.address, project };
  const { lastRevision } = createFeedPublisher({ ...common, bus: bus.open(process), shard, clock: process.clock });
  const admit = () => undefined;
  const answers = () =>
    feedHandlers({ ...common, shard: record.name, prefixes: prefixes(), lastRevision, requestProgress, admit });
  return {
    snapshot: (request, call) => answers().snapshot(request, call),
    fetch: (request, call) => answers().fetch(request, call),
    progress: (requests, call) => answers().progress(requests, call),
  };
}

/** The parts that merged streams and feeds are made of, and nothing of the API. */
export const serveParts: Serve = async (simulation, deps) => {
  const { process, membership, record, store, view } = deps;
  const { clock } = process;
  const hub = createWatchHub(store);
  const progress = createProgress({ hub, clock, observe: (past) => store.observe(past) });
  const feed = publishFeed(simulation, deps, { project, prefixes: () => feedPrefixes }, progress.requestProgress);
  const observing = observingHandler((revision) => store.observe(revision));
  deps.serves({ store, feed, requestProgress: progress.requestProgress, parts: { hub, progress } });
  await followFeeds(simulation, {
    process,
    membership,
    own: record.name,
    feedHandler: joinFeedHandlers([view.feedHandler, observing]),
  });
};

function startIncarnation(simulation: Simulation, name: string, disk: SimDisk, address: string): ShardIncarnation {
  const { time, chance, rules } = simulation;
  const process = createProcess(time, { host: name, address, offsetMs: drawSkew(chance) });
  const membership = followMembership(simulation, process);
  const view = createCopiesView(simulation, address);
  let serving: Serving | undefined;
  let number = 0;
  let heldUntilMs = 0;

  function there(): Serving {
    if (serving === undefined) throw new RpcError('unavailable', `${address} does not serve yet`);
    return serving;
  }

  /** From when it was sent, so that it ends here before it ends at etcd, which grants it. */
  function keepAlive(): void {
    const now = process.clock.monotonic();
    // A lease that has ended is not renewed.
    if (!disk.isOwner(process) || (heldUntilMs > 0 && now >= heldUntilMs)) return;
    heldUntilMs = now + leaseMs;
    process.clock.setTimer(keepAliveMs, keepAlive);
  }

  function holds(): boolean {
    return !rules.readFence || process.clock.monotonic() < heldUntilMs;
  }

  const urls = { baseUrl: address, rpcAddress: address, externalUrl: address, virtualWorkspaceUrl: address };
  /** Once another one has joined as this shard its address stays. */
  const isNewest = () => simulation.shards.get(name)?.life().process === process;
  const join = () => membership.join({ name, ...urls, labels: {} }, isNewest);

  async function begin(record: ShardRecord): Promise<void> {
    number = record.number;
    const store = await own(simulation, { process, disk, record });
    keepAlive();
    const serves = (made: Serving) => {
      serving = made;
    };
    await simulation.serve(simulation, { process, membership, view, record, store, serves });
  }

  function rejoin(): void {
    process.deliver(() => {
      if (!isNewest()) return;
      join().catch(() => process.clock.setTimer(againMs, rejoin));
    });
  }

  /**
   * What has begun to own and cannot serve ends, and another process begins again: two stores of
   * one process would break each other's promises.
   */
  function giveUp(): void {
    if (process.state() === 'dead') return;
    kill(simulation, process);
    time.after(againMs, () => simulation.shards.get(name)?.start());
  }

  function tryToBegin(): void {
    join().then(
      (record) => void begin(record).catch(giveUp),
      () => process.clock.setTimer(againMs, tryToBegin),
    );
  }
  tryToBegin();

  return {
    process,
    membership,
    view,
    serving: () => serving,
    holds,
    rejoin,
    feed: () => there().feed,
    async ask(past) {
      const { requestProgress, store } = there();
      return { progress: await requestProgress(past), last: store.currentRevision() };
    },
    async read(run) {
      const answer = await run(there().store);
      if (!holds()) throw new RpcError('unavailable', `${address} does not own its shard any more`);
      return answer;
    },
    async watch(after, initial, signal, send) {
      const { store, parts } = there();
      if (parts === undefined) throw new Error('a shard with an API is watched by its API');
      const { hub, progress } = parts;
      await awaitRevision({ store, hub, clock: process.clock, shardNumber: number }, after);
      if (initial) {
        const { entries } = await store.list({ prefix: contentPrefix }, { at: after });
        for (const { key, revision } of entries)
          send({ type: 'event', revision: after, payload: Buffer.from(`${key} ${revision}`) });
        send({ type: 'progress', revision: after, payload: nothing });
      }
      let live = false;
      const say = (revision: Revision) => {
        if (live) send({ type: 'progress', revision, payload: nothing });
      };
      const sending = progress.add(say);
      signal.addEventListener('abort', () => sending[Symbol.dispose]());
      const feedConsumer = {
        live() {
          live = true;
          hub.progress().then(say, () => undefined);
        },
        changes(changes: readonly { readonly event: { readonly revision: Revision } }[]) {
          for (const { event } of changes) send({ type: 'event', revision: event.revision, payload: nothing });
        },
        end: () => undefined,
      };
      hub.follow({ prefix: contentPrefix }, after, feedConsumer, signal);
    },
  };
}

export function createSimShard(simulation: Simulation, name: string): SimShard {
  const disk = createSimDisk(simulation);
  let incarnations = 0;
  let life: ShardIncarnation | undefined;
  function start(): ShardIncarnation {
    if (life?.process.state() === 'running') return life;
    const address = `${name}/${++incarnations}`;
    life = startIncarnation(simulation, name, disk, address);
    simulation.incarnations.set(address, life);
    return life;
  }
  start();
  return { name, disk, start: () => void start(), life: () => life ?? start() };
}
