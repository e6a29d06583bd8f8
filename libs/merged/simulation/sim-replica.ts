/** One replica of the service: the code under test, on a network that is slow, breaks, and parts it from single shards. */
import type { Revision } from '@kcp-ts/meta';
import { asRevision, mergedShardNumber, revisionZero } from '@kcp-ts/meta';
import { revisionAt } from '@kcp-ts/storage';
import type { ContentHandlers, ContentStream } from '../content.ts';
import { createExclusions } from '../exclusions.ts';
import { consistentListRevision } from '../list-revision.ts';
import type { MergedSink, MergedWatch } from '../merged-watch.ts';
import { createMergedWatch } from '../merged-watch.ts';
import { createNudger } from '../nudger.ts';
import type { Position } from '../resume.ts';
import type { MergedShard, ShardProgress, ShardsView } from '../shards.ts';
import type { Rules } from './rules.ts';
import type { SimRegister } from './sim-register.ts';
import type { SimShard } from './sim-shard.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimList {
  readonly revision: Revision;
  /** What was there, by key, with the revision of each. */
  readonly state: ReadonlyMap<string, Revision>;
}

export interface SimReplica {
  /** Rejects with a StatusError. */
  list(): Promise<SimList>;
  /** Throws a StatusError. */
  watch(from: Position, initial: boolean, sink: MergedSink): MergedWatch;
  /** The revision at which a watch with its initial state begins. */
  revision(): Promise<Revision>;
  /** Shards that it cannot reach. */
  readonly parted: Set<string>;
  /** Whether it hears the register. */
  hears(connected: boolean): void;
  /** Cuts the streams of one shard. */
  cut(name: string): void;
}

interface World {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
  readonly register: SimRegister;
  readonly shards: Map<string, SimShard>;
}

interface Link {
  readonly shard: string;
  progress: Revision;
  cut(): void;
}

const failMs = 300;

function latency(chance: Chance): number {
  return chance.happens(0.02) ? chance.between(20, 400) : chance.between(0.1, 3);
}

/** Streams and questions over a network that may stop carrying them at any time. */
function createNetwork(world: World, parted: ReadonlySet<string>) {
  const { time, chance, shards } = world;
  const links = new Set<Link>();

  function reach(name: string): SimShard | undefined {
    const shard = shards.get(name);
    return shard?.up === true && !parted.has(name) ? shard : undefined;
  }

  function ask(name: string, past: Revision): Promise<ShardProgress> {
    return new Promise((resolve, reject) => {
      const late = time.after(failMs * 3, () => reject(new Error('no answer')));
      time.after(latency(chance), () => {
        reach(name)?.progress(past, (said) => {
          time.after(latency(chance), () => {
            if (reach(name) === undefined) return;
            late[Symbol.dispose]();
            resolve(said);
          });
        });
      });
    });
  }

  function open(shard: MergedShard, after: Revision, initial: boolean, handlers: ContentHandlers): ContentStream {
    let over = false;
    let held: (() => void)[] | undefined;
    let lastArrival = 0;
    function deliver(run: () => void): void {
      if (over) return;
      if (held === undefined) run();
      else held.push(run);
    }
    function end(): void {
      if (over) return;
      time.after(chance.between(1, failMs), () =>
        deliver(() => {
          close();
          handlers.end(undefined);
        }),
      );
    }
    function close(): void {
      over = true;
      links.delete(link);
      shards.get(shard.name)?.streams.delete(stream);
    }
    const stream = {
      send(frame: Parameters<ContentHandlers['frames']>[0][number]): void {
        if (over || broken) return;
        lastArrival = Math.max(lastArrival, time.now() + latency(chance));
        time.at(lastArrival, () => {
          if (broken) return;
          deliver(() => {
            link.progress = frame.revision;
            handlers.frames([frame]);
          });
        });
      },
    };
    let broken = false;
    const link: Link = {
      shard: shard.name,
      progress: revisionZero,
      cut() {
        if (broken) return;
        broken = true;
        shards.get(shard.name)?.streams.delete(stream);
        end();
      },
    };
    links.add(link);
    time.after(latency(chance), () => {
      const there = reach(shard.name);
      if (over) return;
      if (there === undefined) link.cut();
      else there.watch(after, initial, stream);
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

  function cut(name: string): void {
    for (const link of [...links]) if (link.shard === name) link.cut();
  }

  return { reach, ask, open, cut, links };
}

/** A view in which a rule about exclusions is left out. */
function withoutRules(world: World, view: ShardsView, network: ReturnType<typeof createNetwork>): ShardsView {
  const { rules, time } = world;
  const lostSince = new Map<string, number>();
  function seen(shard: MergedShard): MergedShard {
    let shown = shard;
    if (!rules.exclusionRecord) {
      const lost = network.reach(shard.name) === undefined;
      const since = lost ? (lostSince.get(shard.name) ?? time.now()) : undefined;
      if (since === undefined) lostSince.delete(shard.name);
      else lostSince.set(shard.name, since);
      const excluded = since !== undefined && time.now() - since > 500;
      shown = { ...shown, excludedAt: excluded ? revisionZero : undefined, absences: [] };
    }
    if (!rules.endBeforeExclusion && shown.excludedAt !== undefined) shown = { ...shown, excludedAt: revisionZero };
    return rules.goneInside ? shown : { ...shown, absences: [] };
  }
  const seenState = () => ({ shards: view.current().shards.map(seen) });
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
  };
}

export function createSimReplica(world: World): SimReplica {
  const { time, chance, rules, register } = world;
  const parted = new Set<string>();
  const network = createNetwork(world, parted);
  const view = register.view();
  const offsetMs = chance.between(-250, 250);
  const clock = time.clock(() => offsetMs);
  const shards = withoutRules(world, view, network);
  const nudger = createNudger((shard, past) => network.ask(shard.name, past), clock);
  const ownTime = {
    ...nudger,
    ask: async (shard: MergedShard) => {
      const { progress } = await nudger.ask(shard);
      return { progress, last: revisionAt(clock.now()) };
    },
  };

  function progressOf(name: string): Revision | undefined {
    let least: Revision | undefined;
    for (const link of network.links) {
      if (link.shard === name && link.progress > 0 && (least === undefined || link.progress < least))
        least = link.progress;
    }
    return least ?? nudger.progressOf(name);
  }

  if (rules.exclusionRecord) {
    createExclusions({
      shards,
      clock,
      progressOf,
      exclude: async (name, at) => {
        if (view.connected) register.exclude(name, at);
      },
      readmit: async (name) => {
        if (view.connected) register.readmit(name);
      },
      reachable: (shard) =>
        network.ask(shard.name, revisionZero).then(
          () => true,
          () => false,
        ),
    });
  }

  function revisionOf() {
    return consistentListRevision({
      shards,
      nudger: rules.largestOfAll ? nudger : ownTime,
      clock,
      includes: () => true,
    });
  }

  async function read(name: string, at: Revision): Promise<Map<string, Revision>> {
    await network.ask(name, revisionZero);
    const shard = network.reach(name);
    if (shard === undefined) throw new Error('lost on the way');
    return shard.stateAt(at);
  }

  return {
    parted,
    hears(connected) {
      view.connected = connected;
    },
    cut: (name) => network.cut(name),
    revision: async () => (await revisionOf()).revision,
    async list() {
      const at = await revisionOf();
      const states = await Promise.all(at.shards.map(({ name }) => read(name, at.revision)));
      return { revision: at.revision, state: new Map(states.flatMap((state) => [...state])) };
    },
    watch(from, initial, sink) {
      const common = { shards, open: network.open, nudger, clock, from, initial, sink };
      if (rules.progressWait) return createMergedWatch({ ...common, includes: () => true });
      const each = shards
        .current()
        .shards.map(({ name }) => createMergedWatch({ ...common, includes: (shard) => shard.name === name }));
      return {
        drained: () => each.forEach((watch) => void watch.drained()),
        position: () =>
          each.reduce<Revision | undefined>((largest, watch) => later(largest, watch.position()), undefined),
        [Symbol.dispose]: () => each.forEach((watch) => void watch[Symbol.dispose]()),
      };
    },
  };
}

function later(left: Revision | undefined, right: Revision | undefined): Revision | undefined {
  return left === undefined || (right !== undefined && right > left) ? right : left;
}

/** A position over all shards. */
export function mergedPosition(revision: Revision): Position {
  return { revision: asRevision(revision), shard: mergedShardNumber };
}
