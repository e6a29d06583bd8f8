/**
 * A client's connection to one member: its calls over the simulated network, answered from the
 * member's part of the log.
 */
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { EtcdConnection } from '@kcp-ts/etcd';
import { KV, Lease, Watch } from '@kcp-ts/proto';
import type { CallOptions, Duplex, RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { Network } from '../network.ts';
import type { SimProcess } from '../process.ts';
import type { EtcdRules } from './rules.ts';
import type { KeyEvent, SimEtcd, SimMember, Write } from './sim-etcd.ts';

type RangeInit = MessageInitShape<typeof KV.method.range.input>;
type TxnRequest = MessageShape<typeof KV.method.txn.input>;

const unaryMs = 10_000;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (key: string) => Buffer.from(key);

export interface ConnectionNeeds {
  readonly etcd: SimEtcd;
  readonly network: Network;
  readonly rules: EtcdRules;
  readonly process: SimProcess;
  readonly member: SimMember;
  /** Another one for each lease. */
  nextLease(): bigint;
}

function keyValueOf({ key, revision, createRevision, version, lease, value }: KeyEvent) {
  return { key: bytes(key), modRevision: revision, createRevision, version, lease, value: value ?? new Uint8Array() };
}

function holds(etcd: SimEtcd, compare: TxnRequest['compare'][number]): boolean {
  const { targetUnion: wanted } = compare;
  const found = etcd.at(text(compare.key), 1n << 62n);
  switch (wanted.case) {
    case 'version':
      return (found?.version ?? 0n) === wanted.value;
    case 'createRevision':
      return (found?.createRevision ?? 0n) === wanted.value;
    case 'modRevision':
      return (found?.revision ?? 0n) === wanted.value;
    default:
      throw new Error(`nobody compares ${wanted.case}`);
  }
}

function writesOf(operations: TxnRequest['success']): Write[] {
  return operations.map(({ request }): Write => {
    if (request.case === 'requestPut')
      return { put: text(request.value.key), value: request.value.value, lease: request.value.lease };
    if (request.case === 'requestDeleteRange') return { delete: text(request.value.key) };
    throw new Error(`nobody asks for ${request.case}`);
  });
}

export function connectToMember(needs: ConnectionNeeds): EtcdConnection {
  const { etcd, network, rules, process, member } = needs;
  /** The term that the member has said last; where its word is taken for a majority's. */
  let saidTerm = 0n;

  function header() {
    return {
      clusterId: 1n,
      memberId: BigInt(member.number + 1),
      revision: etcd.revisionOf(member),
      raftTerm: member.term,
    };
  }

  function lost(): RpcError {
    return new RpcError('unavailable', `member ${member.number} cannot be reached`);
  }

  const noLeader = () => new RpcError('unavailable', 'etcdserver: no leader');

  function call<Answer>(answer: () => Promise<Answer>, { signal, timeoutMs = unaryMs }: CallOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const connection = network.connect(process, member.process, () => finish(() => reject(lost())));
      const finish = (run: () => void) => {
        timer[Symbol.dispose]();
        signal?.removeEventListener('abort', abort);
        connection.close();
        run();
      };
      const abort = () => finish(() => reject(new RpcError('cancelled', 'the call was given up')));
      const timer = process.clock.setTimer(timeoutMs, () =>
        finish(() => reject(new RpcError('deadline-exceeded', `member ${member.number} does not answer`))),
      );
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort);
      connection.send(member.process, () => {
        const refused = member.leader === undefined ? Promise.reject(noLeader()) : answer();
        refused.then(
          (given) => connection.send(process, () => finish(() => resolve(given))),
          (error: unknown) => connection.send(process, () => finish(() => reject(error))),
        );
      });
    });
  }

  /**
   * A stream of messages each way. `serve`: handed each message, it says what it has to say in its
   * own time.
   */
  function stream<In, Out>(
    { signal }: CallOptions,
    serve: (say: (message: Out) => void, fail: (error: RpcError) => void) => { take(message: In): void; close(): void },
  ): Duplex<In, Out> {
    const queue: Out[] = [];
    let over: { readonly error: unknown } | undefined;
    let notify = () => {};
    const end = (error: unknown) => {
      if (over !== undefined) return;
      over = { error };
      connection.close();
      notify();
    };
    const connection = network.connect(process, member.process, () => end(lost()));
    const served = serve(
      (message) =>
        connection.send(process, () => {
          queue.push(message);
          notify();
        }),
      (error) => connection.send(process, () => end(error)),
    );
    const cancel = () => {
      served.close();
      end(new RpcError('cancelled', 'the call was given up'));
    };
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    return {
      write(message) {
        if (over !== undefined) return Promise.reject(over.error);
        connection.send(member.process, () => served.take(message));
        return Promise.resolve();
      },
      end: () => undefined,
      cancel,
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const next = queue.shift();
          if (next !== undefined) yield next;
          else if (over !== undefined) throw over.error;
          else
            await new Promise<void>((resolve) => {
              notify = resolve;
            });
        }
      },
    };
  }

  async function range({ key, rangeEnd, limit = 0n, revision = 0n, countOnly = false }: RangeInit) {
    // Whether everything was received is asked of the range that is followed, and after a keepalive
    // another key is looked at.
    const isOfKeepalive = countOnly && !text(key ?? new Uint8Array()).endsWith('/');
    const isBelieved = isOfKeepalive ? !rules.confirmedKeepalives : !rules.majorityReads;
    if (!(countOnly && isBelieved)) await etcd.confirm(member);
    const said = header();
    const as = isOfKeepalive && isBelieved ? { ...said, raftTerm: saidTerm } : said;
    const at = revision === 0n ? said.revision : revision;
    const found = etcd.range(text(key ?? new Uint8Array()), text(rangeEnd ?? new Uint8Array()), at);
    const shown = countOnly ? [] : limit === 0n ? found : found.slice(0, Number(limit));
    return create(KV.method.range.output, {
      header: as,
      kvs: shown.map(keyValueOf),
      more: shown.length < found.length,
      count: BigInt(found.length),
    });
  }

  async function txn(request: TxnRequest) {
    const succeeded = await etcd.propose(member, () => {
      const all = request.compare.every((compare) => holds(etcd, compare));
      const writes = writesOf(all ? request.success : request.failure);
      if (writes.length > 0) etcd.write(writes);
      return all ? (etcd.log.at(-1)?.revision ?? 1n) : undefined;
    });
    const said = header();
    return create(KV.method.txn.output, {
      header: { ...said, revision: succeeded ?? said.revision },
      succeeded: succeeded !== undefined,
    });
  }

  function watch(options: CallOptions) {
    type Out = MessageShape<typeof Watch.method.watch.output>;
    return stream<MessageInitShape<typeof Watch.method.watch.input>, Out>(options, (say, fail) => {
      const reply = (message: MessageInitShape<typeof Watch.method.watch.output>) =>
        say(create(Watch.method.watch.output, message));
      let sent = 0;
      let from = '';
      let to = '';
      const look = () => {
        if (member.leader === undefined) return fail(noLeader());
        for (; sent < member.applied; sent++) {
          const events = etcd.log[sent]?.events.filter(({ key }) => key >= from && key < to) ?? [];
          if (events.length === 0) continue;
          reply({
            header: header(),
            events: events.map((event) => ({ type: event.value === undefined ? 1 : 0, kv: keyValueOf(event) })),
          });
        }
      };
      return {
        take({ requestUnion }) {
          if (requestUnion?.case === 'createRequest') {
            const { key, rangeEnd, startRevision = 0n } = requestUnion.value;
            [from, to] = [text(key ?? new Uint8Array()), text(rangeEnd ?? new Uint8Array())];
            const first = etcd.log.findIndex(({ revision }) => revision >= startRevision);
            sent = first < 0 ? etcd.log.length : first;
            reply({ header: header(), created: true });
            member.listeners.add(look);
            look();
          } else reply({ header: header() });
        },
        close: () => void member.listeners.delete(look),
      };
    });
  }

  function leaseKeepAlive(options: CallOptions) {
    type Out = MessageShape<typeof Lease.method.leaseKeepAlive.output>;
    return stream<MessageInitShape<typeof Lease.method.leaseKeepAlive.input>, Out>(options, (say, fail) => ({
      take({ ID = 0n }) {
        if (member.leader === undefined) return fail(noLeader());
        const leftMs = etcd.keepAlive(member, ID);
        if (leftMs === undefined) return;
        saidTerm = member.term;
        say(
          create(Lease.method.leaseKeepAlive.output, {
            header: header(),
            ID,
            TTL: BigInt(Math.floor(leftMs / 1_000)),
          }),
        );
      },
      close: () => undefined,
    }));
  }

  async function leaseGrant({ TTL = 0n }: MessageInitShape<typeof Lease.method.leaseGrant.input>) {
    const id = needs.nextLease();
    await etcd.propose(member, () => etcd.grant(id, Number(TTL) * 1_000));
    return create(Lease.method.leaseGrant.output, { header: header(), ID: id, TTL });
  }

  async function leaseRevoke({ ID = 0n }: MessageInitShape<typeof Lease.method.leaseRevoke.input>) {
    await etcd.propose(member, () => etcd.revoke(ID));
    return create(Lease.method.leaseRevoke.output, { header: header() });
  }

  /** Only what is asked for here is answered. */
  function client<Service>(calls: object): RpcClient<never> & Service {
    return { call: calls, [Symbol.dispose]: () => undefined } as unknown as RpcClient<never> & Service;
  }

  const unary =
    <Request, Answer>(answer: (request: Request) => Promise<Answer>) =>
    (request: Request, options: CallOptions = {}) =>
      call(() => answer(request), options);
  return {
    kv: client({
      range: unary(range),
      txn: unary((request: MessageInitShape<typeof KV.method.txn.input>) => txn(create(KV.method.txn.input, request))),
    }),
    watch: client({ watch: (options: CallOptions = {}) => watch(options) }),
    lease: client({
      leaseGrant: unary(leaseGrant),
      leaseRevoke: unary(leaseRevoke),
      leaseKeepAlive: (options: CallOptions = {}) => leaseKeepAlive(options),
    }),
    maintenance: client({}),
  };
}
