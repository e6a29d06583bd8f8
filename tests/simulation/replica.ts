/**
 * One replica of virtual-workspaces: the merged streams and lists of the real thing, over the
 * simulated network.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision, mergedShardNumber, revisionZero, StatusError } from '@kcp-ts/api';
import type {
  MergedHandler,
  MergedWatch,
  Position,
  ShardRecord,
  ShardsView,
  UpstreamWatch,
  UpstreamWatchHandlers,
} from '@kcp-ts/sharding';
import {
  consistentListRevision,
  createExclusions,
  createMergedWatch,
  createProgressRequester,
  silentMsMax,
} from '@kcp-ts/sharding';
import { revisionAt } from '@kcp-ts/storage';
import { contentPrefix } from './feeds.ts';
import type { SimMembership } from './membership.ts';
import { followMembership } from './membership.ts';
import type { SimProcess } from './process.ts';
import { createProcess, drawSkew } from './process.ts';
import type { Simulation } from './simulation.ts';

/** Where a list goes on: at which revision, on which shard, behind which key of it. */
export interface Place {
  readonly revision: Revision;
  readonly shard: number;
  readonly after: string | undefined;
}

export interface Page {
  /** Keys, with the revision of each. */
  readonly items: readonly (readonly [key: string, revision: Revision])[];
  readonly next: Place | undefined;
}

export interface SimReplica {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  /**
   * The revision at which a list, or a watch with its initial state, begins. Rejects with a
   * StatusError.
   */
  revision(): Promise<Revision>;
  /**
   * At most `limit` objects. Rejects with a StatusError, 410 where the list cannot be gone on with.
   */
  page(at: Place, limit: number): Promise<Page>;
  /** Throws a StatusError. */
  watch(from: Position, initial: boolean, handler: MergedHandler): MergedWatch;
}

interface Link {
  readonly shard: string;
  progress: Revision;
}

type View = ShardsView;

const askMs = 2_000;
const listMs = 3_000;

function lost(address: string): Error {
  return new Error(`${address} cannot be reached`);
}

function createContents({ network, incarnations }: Simulation, process: SimProcess) {
  const links = new Set<Link>();

  function ask(address: string, past: Revision) {
    const life = incarnations.get(address);
    if (life === undefined) return Promise.reject(lost(address));
    return network.call(process, life.process, askMs, () => life.ask(past));
  }

  function open(shard: ShardRecord, after: Revision, initial: boolean, handlers: UpstreamWatchHandlers): UpstreamWatch {
    let over = false;
    let held: (() => void)[] | undefined;
    const link: Link = { shard: shard.name, progress: revisionZero };
    const stop = new AbortController();
    const deliver = (run: () => void) => {
      if (over) return;
      if (held === undefined) run();
      else held.push(run);
    };
    const close = () => {
      over = true;
      links.delete(link);
      stop.abort();
      connection?.close();
    };
    const end = () =>
      deliver(() => {
        close();
        handlers.end(undefined);
      });
    const life = incarnations.get(shard.baseUrl);
    const connection = life && network.connect(process, life.process, end);
    links.add(link);
    if (life === undefined || connection === undefined) process.clock.setTimer(1, end);
    else
      connection.send(life.process, () => {
        life
          .watch(after, initial, stop.signal, (frame) =>
            connection.send(process, () =>
              deliver(() => {
                link.progress = frame.revision;
                handlers.frames([frame]);
              }),
            ),
          )
          .catch(() => connection.send(process, end));
      });
    return {
      pause() {
        held ??= [];
      },
      resume() {
        const waiting = held ?? [];
        held = undefined;
        for (const run of waiting) deliver(run);
      },
      [Symbol.dispose]: close,
    };
  }

  function progressOf(name: string): Revision | undefined {
    let least: Revision | undefined;
    for (const { shard, progress } of links)
      if (shard === name && progress > 0 && (least === undefined || progress < least)) least = progress;
    return least;
  }

  return { ask, open, progressOf };
}

/** A view in which a rule about exclusions or the membership is left out. */
function withoutRules({ rules, time, network, shards }: Simulation, process: SimProcess, view: View): View {
  const lostSince = new Map<string, number>();
  function seen(shard: ShardRecord): ShardRecord {
    let shown = shard;
    if (!rules.exclusionRecord) {
      const life = shards.get(shard.name)?.life();
      const isLost = life?.serving() === undefined || !network.reaches(process, life.process);
      const since = isLost ? (lostSince.get(shard.name) ?? time.now()) : undefined;
      if (since === undefined) lostSince.delete(shard.name);
      else lostSince.set(shard.name, since);
      const excluded = since !== undefined && time.now() - since > 500;
      shown = { ...shown, excludedAt: excluded ? revisionZero : undefined, absences: [] };
    }
    if (!rules.endBeforeExclusion && shown.excludedAt !== undefined) shown = { ...shown, excludedAt: revisionZero };
    return rules.goneInside ? shown : { ...shown, absences: [] };
  }
  const seenState = () => ({ shards: view.current().shards.map(seen) });
  if (rules.exclusionRecord && rules.endBeforeExclusion && rules.goneInside && rules.pauseWhenSilent) return view;
  return {
    current: seenState,
    follow(listener) {
      if (rules.exclusionRecord) return view.follow(() => listener(seenState()));
      let over = false;
      const look = () => {
        if (over) return;
        listener(seenState());
        time.after(100, look);
      };
      look();
      return {
        [Symbol.dispose]: () => {
          over = true;
        },
      };
    },
    silentForMs: () => (rules.pauseWhenSilent ? view.silentForMs() : 0),
    refresh: () => view.refresh(),
  };
}

/** Every shard for itself, as if there were no order over all of them. */
function eachAlone(shards: View, watch: (includes: (shard: ShardRecord) => boolean) => MergedWatch): MergedWatch {
  const each = shards.current().shards.map(({ name }) => watch((shard) => shard.name === name));
  const furthest = (largest: Revision | undefined, revision: Revision | undefined) =>
    largest === undefined || (revision !== undefined && revision > largest) ? revision : largest;
  return {
    drained: () => each.forEach((one) => void one.drained()),
    position: () => each.reduce<Revision | undefined>((largest, one) => furthest(largest, one.position()), undefined),
    [Symbol.dispose]: () => each.forEach((one) => void one[Symbol.dispose]()),
  };
}

export function startReplica(simulation: Simulation, host: string): SimReplica {
  const { time, chance, rules, network, incarnations } = simulation;
  const process = createProcess(time, { host, offsetMs: drawSkew(chance) });
  const membership = followMembership(simulation, process);
  const { clock } = process;
  const shards = withoutRules(simulation, process, membership);
  const contents = createContents(simulation, process);
  const progressRequester = createProgressRequester((shard, past) => contents.ask(shard.rpcAddress, past), clock);
  const ownTime: typeof progressRequester = {
    ...progressRequester,
    ask: async (shard) => ({ ...(await progressRequester.ask(shard)), last: revisionAt(clock.now()) }),
  };
  if (rules.exclusionRecord) {
    createExclusions({
      shards,
      clock,
      progressOf: (name) => contents.progressOf(name) ?? progressRequester.progressOf(name),
      exclude: (name, at) => membership.exclude(name, at),
      readmit: (name) => membership.readmit(name),
      reachable: (shard) =>
        progressRequester.ask(shard).then(
          () => true,
          () => false,
        ),
    });
  }

  function read({ baseUrl }: ShardRecord, at: Revision, after: string | undefined, limit: number) {
    const life = incarnations.get(baseUrl);
    if (life === undefined) throw lost(baseUrl);
    const list = () => life.read((store) => store.list({ prefix: contentPrefix }, { at, after, limit }));
    return network.call(process, life.process, listMs, list);
  }

  return {
    process,
    membership,
    async revision() {
      const asker = rules.largestOfAll ? progressRequester : ownTime;
      return (await consistentListRevision({ shards, progressRequester: asker, clock, includes: () => true })).revision;
    },
    async page({ revision, shard: number, after }, limit) {
      if (shards.silentForMs() > silentMsMax)
        throw new StatusError('ServiceUnavailable', 'the membership is silent', {});
      const left = shards
        .current()
        .shards.filter((shard) => shard.joinRevision < revision && shard.number >= number)
        .sort((one, other) => one.number - other.number);
      if (left.some(({ excludedAt }) => excludedAt !== undefined)) throw StatusError.expired('a shard is left out');
      const [first, next] = left;
      if (first === undefined) return { items: [], next: undefined };
      const { entries, more } = await read(first, revision, first.number === number ? after : undefined, limit);
      const items = entries.map((entry) => [entry.key, entry.revision] as const);
      if (more) return { items, next: { revision, shard: first.number, after: entries.at(-1)?.key } };
      return { items, next: next && { revision, shard: next.number, after: undefined } };
    },
    watch(from, initial, handler) {
      const common = { shards, open: contents.open, progressRequester, clock, from, initial, handler };
      if (rules.progressWait) return createMergedWatch({ ...common, includes: () => true });
      return eachAlone(shards, (includes) => createMergedWatch({ ...common, includes }));
    },
  };
}

/** A position over all shards. */
export function mergedPosition(revision: Revision): Position {
  return { revision: asRevision(revision), shard: mergedShardNumber };
}
