/**
 * The service among shards that a test writes itself: connections, certificates and frames are
 * real; what shards say, and the membership, is the test's.
 */
import { PassThrough } from 'node:stream';
import type { ClusterName, Revision } from '@kcp-ts/api';
import { createSystemClock, createSystemRandom, pauseOn } from '@kcp-ts/base';
import type { BodyStream, Exchange, HttpServer } from '@kcp-ts/http';
import { createHttpServer, createUpstream } from '@kcp-ts/http';
import { createLogger } from '@kcp-ts/observability';
import { createServiceLoad } from '@kcp-ts/program';
import type { MembershipState, ShardRecord } from '@kcp-ts/sharding';
import { encodeWatchFrame, framedWatchType, watchedKindHeader } from '@kcp-ts/sharding';
import { revisionAt } from '@kcp-ts/storage';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import type { VirtualWorkspaces } from './compose.ts';
import { composeVirtualWorkspaces } from './compose.ts';

export interface FakeShard {
  readonly record: ShardRecord;
  /** Requests in the order in which they came. */
  readonly requests: Exchange[];
  readonly watches: BodyStream[];
  /** What it answers instead of an empty list or a watch. */
  answer: ((exchange: Exchange) => boolean) | undefined;
  items: readonly string[];
  last: Revision;
  event(revision: number, line: string): void;
  progress(revision: number): void;
}

const origin = revisionAt(Date.now() - 60_000);
/** Revisions that a test calls 1, 2, 3 are a minute old. */
export const revisionOf = (number: number) => (origin + number) as Revision;

interface Certificates {
  readonly peers: TestAuthority;
  readonly serving: { readonly certificate: string; readonly privateKey: string; readonly clientCa: string };
  readonly own: { readonly ca: string; readonly cert: string; readonly key: string };
}

async function certificates(): Promise<Certificates> {
  const peers = await createTestAuthority('peers');
  const own = await peers.issue('CN=system:kcp:service:virtual-workspaces:a, O=system:kcp:services');
  return {
    peers,
    serving: { ...(await peers.issue('CN=localhost')), clientCa: peers.certificate },
    own: { ca: peers.certificate, cert: own.certificate, key: own.privateKey },
  };
}

async function startShard(number: number, certs: Certificates) {
  const requests: Exchange[] = [];
  const watches: BodyStream[] = [];
  const server = createHttpServer({
    tls: certs.serving,
    clock: createSystemClock(),
    onError: () => undefined,
    handler(exchange) {
      requests.push(exchange);
      if (shard.answer?.(exchange) === true) return;
      if (exchange.headers['accept'] !== framedWatchType) {
        const metadata = JSON.stringify({ resourceVersion: '1' });
        const text = `{"kind":"CowboyList","apiVersion":"wild.west/v1","metadata":${metadata},"items":[${shard.items.join(',')}]}`;
        exchange.respond(200, { 'content-type': 'application/json' }, text);
        return;
      }
      const kind = '{"kind":"Cowboy","apiVersion":"wild.west/v1"}';
      watches.push(exchange.stream(200, { 'content-type': framedWatchType, [watchedKindHeader]: kind }));
    },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const record: ShardRecord = {
    name: `s${number}`,
    number,
    joinRevision: 0 as Revision,
    baseUrl: `https://127.0.0.1:${port}`,
    rpcAddress: `s${number}`,
    externalUrl: '',
    virtualWorkspaceUrl: '',
    labels: { number: String(number) },
    alive: true,
    excludedAt: undefined,
    absences: [],
  };
  const shard: FakeShard = {
    record,
    requests,
    watches,
    answer: undefined,
    items: [],
    last: revisionOf(number),
    event: (revision, line) =>
      void watches.at(-1)?.write(encodeWatchFrame('event', revisionOf(revision), Buffer.from(line))),
    progress: (revision) => void watches.at(-1)?.write(encodeWatchFrame('progress', revisionOf(revision))),
  };
  return { shard, server };
}

export interface Setting extends AsyncDisposable {
  readonly shards: readonly FakeShard[];
  readonly service: VirtualWorkspaces;
  readonly authority: TestAuthority;
  /**
   * For how long the membership has not answered, and which shards could not be asked for
   * workspaces.
   */
  readonly conditions: { membershipSilentMs: number; staleShards: ReadonlySet<string> };
  /** Changes what the membership says. */
  membership(change: (shard: ShardRecord) => ShardRecord): void;
  get(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Record<string, unknown>; text: string }>;
  /** The lines of a watch, as they come. */
  watch(path: string): Promise<{
    readonly status: number;
    readonly headers: Record<string, unknown>;
    readonly lines: string[];
    readonly ended: Promise<void>;
  }>;
}

/** Three shards; the workspace `root:provider` is on the second. */
export async function setUp(): Promise<Setting> {
  const certs = await certificates();
  const started = await Promise.all([1, 2, 3].map((number) => startShard(number, certs)));
  const shards = started.map(({ shard }) => shard);
  let state: MembershipState = { shards: shards.map(({ record }) => record), services: [] };
  const listeners = new Set<(state: MembershipState) => void>();
  const clock = createSystemClock();
  const conditions: Setting['conditions'] = { membershipSilentMs: 0, staleShards: new Set() };
  const service = composeVirtualWorkspaces({
    name: 'own',
    clock,
    log: createLogger(0),
    load: createServiceLoad(),
    random: createSystemRandom(),
    tls: certs.own,
    membership: {
      current: () => state,
      follow(listener) {
        listeners.add(listener);
        listener(state);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      silentForMs: () => conditions.membershipSilentMs,
      refresh: () => pauseOn(clock, 25),
      exclude: (_name, at) => Promise.resolve(at),
      readmit: () => Promise.resolve(),
    },
    directory: {
      resolve: (text) =>
        text === 'root:provider' || text === 'abc'
          ? { status: 'found', cluster: 'abc' as ClusterName, shard: text === 'abc' ? 's3' : 's2' }
          : { status: 'unknown' },
      staleShards: () => Promise.resolve(conditions.staleShards),
      index: { oracleOf: () => undefined },
      isReady: () => true,
      feeds: {
        shards: () => ['s1', 's2', 's3'],
        ageMs: () => 20,
        indexed: () => ({ clusters: 3, workspaces: 3 }),
      },
    },
    connect(address) {
      const shard = shards.find(({ record }) => record.rpcAddress === address);
      const progress = () => {
        const answers = new PassThrough({ objectMode: true });
        return {
          write({ past = 0, id }: { past?: number; id?: number }) {
            const said = Math.max(past, shard?.last ?? 0);
            shard?.watches.at(-1)?.write(encodeWatchFrame('progress', said as Revision));
            answers.write({ id, progress: said, lastRevision: shard?.last ?? 0 });
            return Promise.resolve();
          },
          cancel: () => answers.end(),
          [Symbol.asyncIterator]: () => answers[Symbol.asyncIterator](),
        };
      };
      return { call: { progress }, [Symbol.dispose]: () => undefined } as unknown as ReturnType<
        Parameters<typeof composeVirtualWorkspaces>[0]['connect']
      >;
    },
    labelsOf: ({ labels }) => labels,
  });
  const server: HttpServer = createHttpServer({
    tls: certs.serving,
    clock,
    onError: () => undefined,
    handler: service.handler,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const client = createUpstream({ url: `https://127.0.0.1:${port}`, tls: { ca: certs.peers.certificate }, clock });
  return {
    shards,
    conditions,
    service,
    authority: certs.peers,
    membership(change) {
      state = { ...state, shards: state.shards.map(change) };
      for (const listener of listeners) listener(state);
    },
    async get(path, headers = {}) {
      const answer = await client.request('GET', path, headers);
      let text = '';
      for await (const chunk of answer.body) text += String(chunk);
      return { status: answer.status, headers: { ...answer.headers }, text };
    },
    async watch(path) {
      const answer = await client.request('GET', path, {});
      const lines: string[] = [];
      let rest = '';
      const ended = (async () => {
        for await (const chunk of answer.body) {
          rest += String(chunk);
          const parts = rest.split('\n');
          rest = parts.pop() ?? '';
          lines.push(...parts);
        }
      })().catch(() => undefined);
      return { status: answer.status, headers: { ...answer.headers }, lines, ended };
    },
    async [Symbol.asyncDispose]() {
      service[Symbol.dispose]();
      client[Symbol.dispose]();
      await server.close({ drainMs: 0 });
      for (const { server: shard } of started) await shard.close({ drainMs: 0 });
    },
  };
}
