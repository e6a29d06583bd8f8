import { asRevision, revisionZero } from '@kcp-ts/api';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { EtcdClient } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../contract/store-case.ts';
import type { Flush, Write } from '../engine/backend.ts';
import { createMemoryBackend } from '../memory/memory-store.ts';
import { createEtcdBackend, transactionsOf } from './etcd-backend.ts';
import { encodeRecord, keysOf } from './etcd-records.ts';
import type { Mirror } from './mirror.ts';

const noSpace = new RpcError('resource-exhausted', 'etcdserver: mvcc: database space exceeded');
const unanswered = new RpcError('unavailable', 'the connection broke');

/** `late`: unanswered, and applied after all when the next one comes. */
type Answer = 'applied' | 'not-applied' | 'applied-unanswered' | 'applied-no-space' | 'late' | RpcError;

interface CommitRequest {
  readonly compare: readonly { readonly targetUnion?: { readonly case?: string; readonly value?: bigint } }[];
  readonly success: readonly { readonly request: { readonly value: { readonly value?: Uint8Array } } }[];
}

/** A backend over an etcd that answers transactions as a test says, and applies them otherwise. */
function createScripted(answers: Answer[], isFull: () => boolean = () => false) {
  let record: Uint8Array = encodeRecord({ id: 'before', revision: 0, reserved: 0, deleted: [] });
  let version = 1n;
  let late: CommitRequest | undefined;
  const applied: CommitRequest[] = [];

  /** As etcd does: all conditions on versions hold, or nothing is done. */
  function apply(request: CommitRequest): boolean {
    const versions = request.compare.flatMap(({ targetUnion }) =>
      targetUnion?.case === 'version' ? [targetUnion.value] : [],
    );
    if (versions.some((expected) => expected !== version)) return false;
    record = request.success.at(-1)?.request.value.value ?? record;
    version++;
    applied.push(request);
    return true;
  }
  const kv = {
    async txn(request: CommitRequest) {
      const answer = answers.shift() ?? 'applied';
      if (answer instanceof RpcError) throw answer;
      if (late !== undefined) apply(late);
      late = undefined;
      if (answer === 'late') {
        late = request;
        throw unanswered;
      }
      if (answer === 'not-applied') return { succeeded: false, header: { revision: version } };
      if (!apply(request)) return { succeeded: false, header: { revision: version } };
      if (answer === 'applied-unanswered') throw unanswered;
      if (answer === 'applied-no-space') throw noSpace;
      return { succeeded: true, header: { revision: version } };
    },
    async range() {
      return { kvs: [{ key: new Uint8Array(), value: record, createRevision: 1n, modRevision: version, version }] };
    },
  };
  const client = { kv, authenticated: <T>(call: () => Promise<T>) => call() } as unknown as EtcdClient;
  const copy = createMemoryBackend();
  const written: Flush[] = [];
  const mirror = {
    backend: () => copy,
    cluster: () => 'c1',
    etcdRevision: () => 1n,
    commit(flush: Flush) {
      if (isFull()) return Promise.reject(new Error('no space left on device'));
      written.push(flush);
      return Promise.resolve();
    },
  } as unknown as Mirror;
  const ending = new AbortController();
  const lost: Error[] = [];
  const sent = { transactions: 0 };
  const backend = createEtcdBackend({
    client,
    keys: keysOf('/kcp/shard'),
    mirror,
    ownership: {
      createRevision: 1n,
      version,
      state: { revision: revisionZero, reserved: asRevision(500), floor: revisionZero, checkpoint: '' },
    },
    clock: createSystemClock(),
    random: createSystemRandom(),
    lost: ending.signal,
    lose(error) {
      lost.push(error);
      ending.abort(error);
    },
    settled: () => Promise.resolve(),
    onTransaction: () => void sent.transactions++,
  });
  return { backend, lost, written, applied, sent, end: () => ending.abort(new Error('the lease has ended')) };
}

function writeOf(name: string, revision: number, bytes = 1): Write {
  const at = asRevision(revision);
  const value = new Uint8Array(bytes);
  const event = {
    type: 'put',
    key: keyOf(name),
    revision: at,
    createRevision: at,
    value,
    previous: undefined,
  } as const;
  return { event, expiresAt: 0, previousExpiresAt: 0 };
}

function flushOf(...commits: readonly (readonly Write[])[]): Flush {
  const writes = commits.flat();
  const revision = writes.at(-1)?.event.revision ?? revisionZero;
  return { writes, commits, revision, reserved: asRevision(1_000), trim: undefined };
}

const two = flushOf([writeOf('a', 1)], [writeOf('a', 2)]);

describe('a flush to etcd', () => {
  it('is one transaction, unless a key is in it twice, it is too large or too many', () => {
    const sizes = (...commits: readonly (readonly Write[])[]) =>
      transactionsOf(commits).map(({ writes }) => writes.length);
    expect(sizes([writeOf('a', 1)], [writeOf('b', 2), writeOf('c', 3)])).toEqual([3]);
    expect(sizes([writeOf('a', 1)], [writeOf('b', 2), writeOf('a', 3)])).toEqual([1, 2]);
    expect(sizes([writeOf('a', 1, 600_000)], [writeOf('b', 2, 600_000)])).toEqual([1, 1]);
    const commit = (part: string, length: number) =>
      Array.from({ length }, (_, index) => writeOf(`${part}-${index}`, index + 1));
    expect(sizes(commit('a', 60), commit('b', 40))).toEqual([100]);
    expect(sizes(commit('a', 60), commit('b', 41))).toEqual([60, 41]);
    expect(sizes(commit('a', 120), commit('b', 1))).toEqual([120, 1]);
    expect(sizes([writeOf('a', 1, 400_000)], [writeOf('b', 2, 590_000)], [writeOf('c', 3, 1)])).toEqual([3]);
    expect(sizes([writeOf('a', 1, 1)], [writeOf('b', 2, 1_400_000)], [writeOf('c', 3, 1)])).toEqual([1, 1, 1]);
    expect(sizes()).toEqual([0]);
  });

  it('is taken for done when the answer was lost and the commit record says so', async () => {
    const { backend, lost, written, sent } = createScripted(['applied-unanswered']);
    await backend.write(two);
    expect([sent.transactions, lost, written.length]).toEqual([2, [], 1]);
  });

  it('is taken for done when it took the last room, and etcd says only that there is none left', async () => {
    const { backend, lost, written } = createScripted(['applied-no-space', noSpace]);
    await backend.write(flushOf([writeOf('a', 1)]));
    expect([lost, written.length]).toEqual([[], 1]);
    await expect(backend.write(flushOf([writeOf('a', 2)]))).rejects.toThrow('etcd has no space left');
    expect([lost, written.length]).toEqual([[], 1]);
  });

  it('is sent again when the commit record says that nothing was done, and counts once where the first attempt came late', async () => {
    const { backend, lost, written, sent } = createScripted([unanswered, 'applied', 'applied']);
    await backend.write(two);
    expect([sent.transactions, lost, written.length]).toEqual([3, [], 1]);
  });

  it('is done once where an attempt that was given up for lost comes late', async () => {
    const { backend, lost, written, applied } = createScripted(['late']);
    await backend.write(flushOf([writeOf('a', 1)]));
    expect([applied.length, lost, written.length]).toEqual([1, [], 1]);
    await backend.write(flushOf([writeOf('a', 2)]));
    expect([applied.length, lost]).toEqual([2, []]);
  });

  it('ends the ownership when another owner has committed', async () => {
    const { backend, lost, written } = createScripted(['not-applied']);
    await expect(backend.write(two)).rejects.toThrow('another');
    await expect(backend.write(two)).rejects.toThrow('another');
    expect([lost.length > 0, written.length]).toEqual([true, 0]);
  });

  it('fails alone when etcd refuses all of it, and ends the ownership when etcd has a part of it', async () => {
    const whole = createScripted([noSpace]);
    await expect(whole.backend.write(two)).rejects.toThrow('etcd has no space left');
    expect(whole.lost).toEqual([]);
    await whole.backend.write(two);
    const part = createScripted(['applied', noSpace]);
    await expect(part.backend.write(two)).rejects.toThrow('a part of it');
    await expect(part.backend.write(two)).rejects.toThrow('a part of it');
    expect(part.lost.length).toBeGreaterThan(0);
  });

  it('ends the ownership when an attempt is refused and an earlier one may still be on its way', async () => {
    const { backend, lost } = createScripted([unanswered, noSpace]);
    await expect(backend.write(two)).rejects.toThrow('unsettled');
    expect(lost.length).toBeGreaterThan(0);
  });

  it('ends the ownership when the mirror cannot be written, since it no longer has what etcd has', async () => {
    const { backend, lost } = createScripted([], () => true);
    await expect(backend.write(two)).rejects.toThrow('no space left on device');
    expect(lost.length).toBeGreaterThan(0);
    await expect(backend.write(two)).rejects.toThrow('the mirror cannot be written');
  });

  it('is not waited for when the lease has ended, nor is anything sent from then on', async () => {
    const { backend, sent, written, end } = createScripted(Array.from({ length: 3 }, () => unanswered));
    const pending = backend.write(two);
    end();
    await expect(pending).rejects.toThrow('the lease has ended');
    const before = sent.transactions;
    await expect(backend.write(two)).rejects.toThrow('the lease has ended');
    expect([sent.transactions, written.length]).toEqual([before, 0]);
  });

  it('that only forgets is the mirror’s affair, and one that reserves is etcd’s', async () => {
    const { backend, written, sent } = createScripted([]);
    const forget = { ...flushOf(), trim: asRevision(1) };
    await backend.write({ ...forget, reserved: asRevision(500) });
    expect([sent.transactions, written.length]).toEqual([0, 1]);
    await backend.write(forget);
    expect([sent.transactions, written.length]).toEqual([1, 2]);
    await backend.write(forget);
    expect([sent.transactions, written.length]).toEqual([1, 3]);
  });
});
