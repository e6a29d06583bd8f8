/**
 * Makes workspaces, on one shard the object and on another the logical cluster, goes there through
 * any front-proxy once it has seen them Ready, and deletes some.
 */

import type { Operation } from '@kcp-ts/storage';
import { encodeStored } from '@kcp-ts/storage';
import { logicalClustersPrefix } from '@kcp-ts/tenancy';
import { workspacesPrefix } from './feeds.ts';
import type { SimProxy } from './proxy.ts';
import type { Requester } from './requester.ts';
import type { Simulation } from './simulation.ts';

export interface Tenant {
  readonly violations: readonly string[];
  /** How often it was sent to a workspace. */
  visits(): number;
  /** Where each path of its making leads, once everybody knows; undefined for nowhere. */
  paths(): ReadonlyMap<string, string | undefined>;
}

export interface TenantDependencies {
  readonly requester: Requester;
  readonly proxies: readonly SimProxy[];
  readonly untilMs: number;
}

/** A workspace's object is where its parent is. */
const rootShard = 'shard-1';
const againMs = 250;

function stored(object: object): Uint8Array {
  return encodeStored('0'.repeat(16), 0, JSON.stringify(object));
}

function put(key: string, object: object): readonly Operation[] {
  const value = stored(object);
  return [{ op: 'put', key, expect: 'any', value: () => value }];
}

export function startTenant(simulation: Simulation, { requester, proxies, untilMs }: TenantDependencies): Tenant {
  const { time, chance, shards } = simulation;
  const violations: string[] = [];
  const paths = new Map<string, string | undefined>();
  let visits = 0;
  let count = 0;

  const pause = (milliseconds: number) => new Promise<void>((resolve) => void time.after(milliseconds, resolve));

  /** Until it is there: what is put is the same each time. */
  async function insist(shard: string, operations: readonly Operation[]): Promise<void> {
    while ((await requester.commit(shard, operations, []))?.status !== 'committed') await pause(againMs);
  }

  async function visit(path: string, cluster: string): Promise<void> {
    const proxy = chance.pick(proxies);
    if (proxy === undefined) return;
    const target = await proxy.route(path);
    if (target.kind === 'forward') {
      visits++;
      if (target.path !== `/clusters/${cluster}/api`)
        violations.push(`${path} leads to ${target.path}, not to ${cluster}`);
    } else if (target.kind !== 'refuse' || target.error.code !== 503)
      violations.push(`${path} was Ready, and ${proxy.process.host} says that it does not exist`);
  }

  async function visitNowhere(): Promise<void> {
    const target = await chance.pick(proxies)?.route(`root:never-${count}`);
    if (target?.kind === 'forward') violations.push(`what never was leads to ${target.path}`);
  }

  async function make(name: string, placedOn: string): Promise<void> {
    const path = `root:${name}`;
    const cluster = `cluster${name}`;
    const workspaceKey = `${workspacesPrefix}root//${name}`;
    const clusterKey = `${logicalClustersPrefix}${cluster}//cluster`;
    const object = (phase: string) => ({
      metadata: { name, annotations: { 'core.kcp.io/shard': placedOn } },
      spec: { cluster },
      status: { phase },
    });
    await insist(rootShard, put(workspaceKey, object('Scheduling')));
    const metadata = { name: 'cluster', annotations: { 'kcp.io/path': path } };
    const spec = { owner: { cluster: 'root', name } };
    await insist(placedOn, put(clusterKey, { metadata, spec, status: { phase: 'Ready' } }));
    await insist(rootShard, put(workspaceKey, object('Ready')));
    paths.set(path, `${cluster} on ${placedOn}`);
    for (let visited = chance.integer(4); visited >= 0; visited--) {
      await visit(path, cluster);
      await pause(chance.between(0, 400));
    }
    if (chance.happens(0.6)) return;
    paths.set(path, undefined);
    await insist(placedOn, [{ op: 'delete', key: clusterKey, expect: 'any' }]);
    await insist(rootShard, [{ op: 'delete', key: workspaceKey, expect: 'any' }]);
  }

  function again(): void {
    if (time.now() > untilMs) return;
    void make(`w${++count}`, chance.pick([...shards.keys()]) ?? rootShard);
    void visitNowhere();
    time.after(chance.between(100, 1_200), again);
  }

  void insist(
    rootShard,
    put(`${logicalClustersPrefix}root//cluster`, { metadata: { name: 'cluster' }, status: { phase: 'Ready' } }),
  ).then(again);
  return { violations, visits: () => visits, paths: () => paths };
}
