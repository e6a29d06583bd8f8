/**
 * Several members of a real etcd, of a test's own, of which each can be cut off from the others
 * while clients still reach it.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '@kcp-ts/base';
import { programs } from './config.ts';
import { untilOutput } from './etcd-server.ts';
import type { LinkRelay } from './link-relay.ts';
import { startLinkRelay } from './link-relay.ts';
import { ownerOfConnection } from './socket-owner.ts';

export interface TestEtcdCluster extends AsyncDisposable {
  /** What clients connect to, a URL for each member. */
  readonly endpoints: readonly string[];
  /** The place of the leader among the endpoints, when all members know the same one. */
  leader(): Promise<number>;
  /** Cuts a member off from all others; clients go on reaching it. */
  isolate(member: number): Promise<void>;
  /** Joins all members again. */
  heal(): Promise<void>;
  /** SIGSTOP, and SIGCONT. */
  pause(member: number): void;
  resume(member: number): void;
}

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
}

async function statusOf(endpoint: string): Promise<Status> {
  const reply = await fetch(`${endpoint}/v3/maintenance/status`, { method: 'POST', body: '{}' });
  return (await reply.json()) as Status;
}

/** How long members wait before they look for another leader is ten times that. */
const electionMs = 100;

/** Resolves when all members serve clients. */
export async function startEtcdCluster(size = 3): Promise<TestEtcdCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-cluster-'));
  const ports = await freePorts(size * 3);
  const children: ChildProcess[] = [];
  const relays: LinkRelay[] = [];
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const urls = (group: number) => names.map((_, index) => `http://127.0.0.1:${ports[group * size + index]}`);
  const endpoints = urls(0);
  const peers = urls(1);
  const relayed = urls(2);

  async function sourceOf(from: number, to: number): Promise<string | undefined> {
    const pid = await ownerOfConnection(
      from,
      to,
      children.map((child) => child.pid ?? 0),
    );
    return names[children.findIndex((child) => child.pid === pid)];
  }

  for (const [index] of names.entries())
    relays.push(
      await startLinkRelay({ port: ports[2 * size + index] ?? 0, targetPort: ports[size + index] ?? 0, sourceOf }),
    );
  const initial = names.map((name, index) => `${name}=${relayed[index]}`).join(',');
  const gone: Promise<unknown>[] = [];
  await Promise.all(
    names.map((name, index) => {
      const child = spawn(
        programs.etcd,
        [
          ...['--name', name, '--data-dir', join(folder, name), '--initial-cluster', initial],
          ...['--listen-client-urls', endpoints[index] ?? '', '--advertise-client-urls', endpoints[index] ?? ''],
          ...['--listen-peer-urls', peers[index] ?? '', '--initial-advertise-peer-urls', relayed[index] ?? ''],
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      children.push(child);
      gone.push(new Promise((resolve) => child.once('exit', resolve)));
      return untilOutput(child, /ready to serve client requests/, 'etcd');
    }),
  );

  return {
    endpoints,
    async leader() {
      for (;;) {
        const all = await Promise.all(endpoints.map(statusOf));
        const known = new Set(all.map(({ leader }) => leader));
        const found = all.findIndex(({ header }) => header.member_id === all[0]?.leader);
        if (known.size === 1 && found >= 0) return found;
        await pause(electionMs);
      }
    },
    async isolate(member) {
      for (const [index, relay] of relays.entries())
        await (index === member ? relay.set({ kind: 'cut' }) : relay.set({ kind: 'cut' }, names[member]));
    },
    async heal() {
      for (const relay of relays) await relay.set({ kind: 'open' });
    },
    pause: (member) => void children[member]?.kill('SIGSTOP'),
    resume: (member) => void children[member]?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
      for (const relay of relays) await relay[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
