/** Transactions of etcd, in short: what must hold, and what is then done. */
import type { ResponseHeader } from '@kcp-ts/proto';
import { Compare_CompareResult, Compare_CompareTarget } from '@kcp-ts/proto';
import type { CallOptions } from '@kcp-ts/rpc';
import type { EtcdClient } from './client.ts';
import { keyBytes, prefixEnd } from './client.ts';

export interface EtcdEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  readonly version: bigint;
}

export type EtcdCondition =
  /** How often the key was written since it was created; 0n: it is not there. */
  | { readonly key: string; readonly version: bigint }
  | { readonly key: string; readonly createRevision: bigint }
  | { readonly key: string; readonly modRevision: bigint };

export type EtcdOperation =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: bigint | undefined }
  | { readonly delete: string };

const decoder = new TextDecoder();

function entryOf(kv: {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  readonly version: bigint;
}): EtcdEntry {
  const { value, createRevision, modRevision, version } = kv;
  return { key: decoder.decode(kv.key), value, createRevision, modRevision, version };
}

function compareOf(condition: EtcdCondition) {
  const base = { result: Compare_CompareResult.EQUAL, key: keyBytes(condition.key) };
  if ('version' in condition)
    return {
      ...base,
      target: Compare_CompareTarget.VERSION,
      targetUnion: { case: 'version' as const, value: condition.version },
    };
  if ('createRevision' in condition)
    return {
      ...base,
      target: Compare_CompareTarget.CREATE,
      targetUnion: { case: 'createRevision' as const, value: condition.createRevision },
    };
  return {
    ...base,
    target: Compare_CompareTarget.MOD,
    targetUnion: { case: 'modRevision' as const, value: condition.modRevision },
  };
}

function requestOf(operation: EtcdOperation) {
  if ('put' in operation) {
    const { value, lease = 0n } = operation;
    return { request: { case: 'requestPut' as const, value: { key: keyBytes(operation.put), value, lease } } };
  }
  return { request: { case: 'requestDeleteRange' as const, value: { key: keyBytes(operation.delete) } } };
}

/** All or nothing. Rejects with RpcError where the outcome is not known. */
export async function etcdCommit(
  client: EtcdClient,
  conditions: readonly EtcdCondition[],
  operations: readonly EtcdOperation[],
  signal?: AbortSignal,
): Promise<{ readonly succeeded: boolean; readonly revision: bigint }> {
  const reply = await client.authenticated(() =>
    client.kv.txn({ compare: conditions.map(compareOf), success: operations.map(requestOf) }, { signal }),
  );
  return { succeeded: reply.succeeded, revision: reply.header?.revision ?? 0n };
}

/** What every answer of etcd says of etcd itself. */
export interface EtcdMoment {
  /**
   * The id of the cluster: another one for what was restored from a snapshot under another name or
   * at other addresses.
   */
  readonly clusterId: string;
  readonly revision: bigint;
  /** Raft's: which election the member that answered knows of. */
  readonly term: bigint;
}

export function momentOf(header: ResponseHeader | undefined): EtcdMoment {
  return {
    clusterId: (header?.clusterId ?? 0n).toString(16),
    revision: header?.revision ?? 0n,
    term: header?.raftTerm ?? 0n,
  };
}

/** The newest state of a key, as a majority knows it; or the one at a revision. */
export async function etcdGet(
  client: EtcdClient,
  key: string,
  at = 0n,
  signal?: AbortSignal,
): Promise<EtcdMoment & { readonly entry: EtcdEntry | undefined }> {
  const reply = await client.authenticated(() => client.kv.range({ key: keyBytes(key), revision: at }, { signal }));
  const [kv] = reply.kvs;
  return { entry: kv === undefined ? undefined : entryOf(kv), ...momentOf(reply.header) };
}

/**
 * Where etcd is, as a majority knows it: nothing that was committed before the question is above
 * it. `key`: one that may be read.
 */
export async function etcdMoment(client: EtcdClient, key: string, options: CallOptions): Promise<EtcdMoment> {
  const reply = await client.authenticated(() => client.kv.range({ key: keyBytes(key), countOnly: true }, options));
  return momentOf(reply.header);
}

const pageEntries = 1_000n;

/** Everything that begins with a prefix, as of one revision, in pages. */
export async function* etcdList(
  client: EtcdClient,
  prefix: string,
): AsyncGenerator<{ readonly entries: readonly EtcdEntry[]; readonly revision: bigint; readonly clusterId: string }> {
  const rangeEnd = prefixEnd(prefix);
  let key = keyBytes(prefix);
  let revision = 0n;
  for (;;) {
    const from = key;
    const reply = await client.authenticated(() =>
      client.kv.range({ key: from, rangeEnd, limit: pageEntries, revision }),
    );
    const moment = momentOf(reply.header);
    if (revision === 0n) revision = moment.revision;
    yield { entries: reply.kvs.map(entryOf), revision, clusterId: moment.clusterId };
    const last = reply.kvs.at(-1);
    if (!reply.more || last === undefined) return;
    key = Buffer.concat([last.key, Uint8Array.of(0)]);
  }
}
