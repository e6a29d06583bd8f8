/**
 * One run of a shard's replicas on a simulated etcd: members are cut off and hang, replicas die,
 * and what they answer is held against what was committed.
 */
import type { Revision } from '@kcp-ts/api';
import { clientOfMembers, createMembers } from '@kcp-ts/etcd';
import type { EtcdReplica, OwnedShard } from '@kcp-ts/storage';
import { createEtcdReplica, createMemoryBackend, keysOf, openMirror } from '@kcp-ts/storage/contract';
import { chanceRandom } from '../apis/api-shard.ts';
import { checkObjects } from '../check-objects.ts';
import { createNetwork } from '../network.ts';
import type { SimProcess } from '../process.ts';
import { createProcess, drawSkew } from '../process.ts';
import type { Answered } from '../requester.ts';
import { kill } from '../shard.ts';
import { createChance, createVirtualTime } from '../virtual-time.ts';
import { connectToMember } from './connection.ts';
import { historyOf } from './history.ts';
import type { EtcdRules } from './rules.ts';
import { allEtcdRules } from './rules.ts';
import { createSimEtcd } from './sim-etcd.ts';

export interface EtcdOutcome {
  readonly violations: readonly string[];
  /**
   * What was committed and answered, and who owned the shard, to see that a run is about something.
   */
  readonly commits: number;
  readonly answers: number;
  readonly ownerships: number;
  readonly elections: number;
}

const prefix = '/kcp/shard';
const shard = 'shard';
const faultsUntilMs = 20_000;
const writesUntilMs = 72_000;
const endMs = 75_000;
/** A standby counts as ready while its mirror was complete less than this long ago. */
const readyMs = 5_000;
/**
 * While one member is away the others are there: so long a standby may look for them. A call waits
 * for ten seconds at most, and a stream nearly as long.
 */
const searchMs = 22_000;
const objects = 4;

interface Incarnation {
  readonly process: SimProcess;
  readonly replica: EtcdReplica;
  readonly startedMs: number;
  mirrored(): bigint;
  owned: OwnedShard | undefined;
}

interface Promised {
  readonly revision: Revision;
  /** etcd's own revision, when it was promised. */
  readonly etcdRevision: bigint;
}

function createRun(seed: number, rules: EtcdRules) {
  const chance = createChance(seed);
  const time = createVirtualTime(Date.UTC(2026, 6, 1));
  const network = createNetwork(time, chance);
  const etcd = createSimEtcd({ time, chance, network });
  const random = chanceRandom(chance);
  const incarnations: Incarnation[] = [];
  let leases = 0n;
  let ownerships = 0;

  function createReplica(process: SimProcess): Pick<Incarnation, 'replica' | 'mirrored'> {
    const first = chance.integer(3);
    const addresses = [0, 1, 2].map((more) => String((first + more) % 3));
    // Who never leaves a member might as well know no other.
    const members = createMembers(rules.leaving ? addresses : addresses.slice(0, 1), (address) => {
      const member = etcd.members[Number(address)];
      if (member === undefined) throw new Error(`there is no member ${address}`);
      return connectToMember({ etcd, network, rules, process, member, nextLease: () => ++leases });
    });
    const client = clientOfMembers(members, (call) => call());
    const { clock } = process;
    const mirror = openMirror(
      {
        place: { open: createMemoryBackend, clear: () => Promise.resolve() },
        clock,
        bootId: process.address,
        historyMaxAgeMs: 300_000,
        historyMaxBytes: 100_000_000,
      },
      keysOf(prefix),
    );
    const replica = createEtcdReplica({ prefix, owner: process.address, random, clock }, { mirror, client });
    return { replica, mirrored: mirror.etcdRevision };
  }

  /**
   * As a process does that becomes a standby when it has lost the shard; what is under way when it
   * dies comes to no end.
   */
  async function keepOwning(life: Incarnation): Promise<void> {
    for (;;) {
      life.owned = await life.replica.own();
      ownerships++;
      await life.owned.lost;
      life.owned = undefined;
    }
  }

  function start(host: string): void {
    const process = createProcess(time, {
      host,
      address: `${host}/${incarnations.length}`,
      offsetMs: drawSkew(chance),
    });
    const life: Incarnation = { process, ...createReplica(process), startedMs: time.now(), owned: undefined };
    incarnations.push(life);
    void keepOwning(life).catch(() => undefined);
    if (chance.happens(0.5)) return;
    time.after(chance.between(3_000, faultsUntilMs), () => {
      if (time.now() > faultsUntilMs) return;
      kill({ network }, process);
      time.after(chance.between(1, 3_000), () => start(host));
    });
  }

  function takeAway(): void {
    if (time.now() > faultsUntilMs) return;
    const leader = etcd.members.find((one) => one.leader === one.number);
    const member = chance.happens(0.5) ? leader : chance.pick(etcd.members);
    const how = chance.happens(0.6) ? 'isolated' : 'stopped';
    if (member !== undefined) etcd.takeAway(member, how, chance.between(300, chance.happens(0.3) ? 35_000 : 4_000));
    time.after(chance.between(500, 6_000), takeAway);
  }

  for (const host of ['one', 'two']) start(host);
  time.after(3_000, takeAway);
  const living = () => incarnations.filter(({ process }) => process.state() !== 'dead');
  return { chance, time, etcd, living, ownerships: () => ownerships };
}

type Run = ReturnType<typeof createRun>;

/**
 * What a standby says of how complete it is must be so, and must not stay behind while a majority
 * is there.
 */
function watchStandbys(run: Run, found: Set<string>): void {
  const { time, etcd, living } = run;
  time.after(50, () => watchStandbys(run, found));
  for (const { replica, mirrored, process, startedMs } of living()) {
    const role = replica.role();
    if (role.role === 'owner') continue;
    const awayMs = time.now() - (etcd.awaySinceMs() ?? time.now());
    if (Math.min(role.lagMs, time.now() - startedMs, awayMs) > searchMs)
      found.add(`${process.host} does not find the members that are there`);
    const completeMs = time.now() - role.lagMs;
    const newest = etcd.log.findLast(
      ({ committedMs, events }) => committedMs <= completeMs && events.some(({ key }) => key.startsWith(`${prefix}/`)),
    );
    if (newest !== undefined && mirrored() < newest.revision)
      found.add(`${process.host} says that it had everything at ${completeMs}, and lacks ${newest.revision}`);
  }
}

/** Reads and writes at the owner of the shard, as far as it may answer; and takes promises. */
function startClient({ chance, time, etcd, living }: Run) {
  const answered: Answered[] = [];
  const promised: Promised[] = [];
  let count = 0;

  async function ask({ process, owned }: Incarnation): Promise<void> {
    if (owned === undefined) return;
    const { store, holds } = owned;
    const mayAnswer = () => process.state() === 'running' && holds();
    const fromMs = time.now();
    const key = `core/configmaps/-/c/default/${chance.integer(objects)}`;
    if (chance.happens(0.4)) {
      const what = { kind: 'read', key, at: store.currentRevision(), found: store.get(key)?.revision } as const;
      if (mayAnswer()) answered.push({ shard, fromMs, toMs: fromMs, what });
      return;
    }
    const id = `${shard}-${++count}`;
    const result = await store.commit([{ op: 'put', key, expect: 'any', value: () => Buffer.from(id) }]);
    if (result.status !== 'committed' || !mayAnswer()) return;
    answered.push({
      shard,
      fromMs,
      toMs: time.now(),
      what: { kind: 'write', ids: [id], revision: result.revision },
    });
    const revision = await store.progress();
    if (mayAnswer()) promised.push({ revision, etcdRevision: etcd.log.at(-1)?.revision ?? 0n });
  }

  function askAgain(): void {
    if (time.now() > writesUntilMs) return;
    const life = chance.pick(living());
    if (life !== undefined) void ask(life).catch(() => undefined);
    time.after(chance.between(5, 120), askAgain);
  }
  time.after(1_000, askAgain);
  return { answered, promised };
}

function checkEnd({ living }: Run): string[] {
  const found: string[] = [];
  const owners = living().filter(({ owned }) => owned?.holds() === true);
  if (owners.length !== 1) found.push(`at the end ${owners.length} replicas own the shard`);
  for (const { replica, process } of living()) {
    const role = replica.role();
    if (role.role === 'standby' && role.lagMs > readyMs)
      found.push(`at the end ${process.host} lags by ${role.lagMs} ms`);
  }
  return found;
}

export async function simulateEtcd(seed: number, changed: Partial<EtcdRules> = {}): Promise<EtcdOutcome> {
  const run = createRun(seed, { ...allEtcdRules, ...changed });
  const { etcd, time } = run;
  const found = new Set<string>();
  watchStandbys(run, found);
  const { answered, promised } = startClient(run);
  await time.runUntil(endMs);
  for (const text of checkEnd(run)) found.add(text);
  const committed = await historyOf(etcd, prefix);
  for (const promise of promised) {
    const broken = committed.find(
      ({ event, etcdRevision }) => etcdRevision > promise.etcdRevision && event.revision <= promise.revision,
    );
    if (broken !== undefined)
      found.add(`${broken.event.revision} was committed after the promise of ${promise.revision}`);
  }
  const log = committed.map(({ event }) => event);
  return {
    violations: [...found, ...checkObjects([{ name: shard, disk: { log, violations: [] } }], answered)],
    commits: log.length,
    answers: answered.length,
    ownerships: run.ownerships(),
    elections: Math.max(...etcd.members.map(({ term }) => Number(term))) - 1,
  };
}
