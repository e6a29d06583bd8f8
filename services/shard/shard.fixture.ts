/** A shard that a test composes itself, with what it wants to look at. */

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:http2';
import { createAuthenticator, createServiceAccountTokens, parseServiceAccountKeys } from '@kcp-ts/authn';
import type { Clock } from '@kcp-ts/base';
import { createSystemRandom } from '@kcp-ts/base';
import { createHttpServer } from '@kcp-ts/http';
import type { OtherShards } from '@kcp-ts/sharding';
import { createPathIndex } from '@kcp-ts/sharding';
import { noOtherShards } from '@kcp-ts/tenancy';
import { createTestAuthority } from '@kcp-ts/testing';
import type { Shard, ShardOptions } from './compose.ts';
import { composeShard } from './compose.ts';

/** It is `one`, number 1, and holds root unless a test says otherwise. */
export function composeTestShard(
  options: Pick<ShardOptions, 'store' | 'clock'> & Partial<ShardOptions>,
): Promise<Shard> {
  const { clock } = options;
  const random = createSystemRandom();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const keys = parseServiceAccountKeys(key);
  return composeShard({
    random,
    shardName: 'one',
    shardNumber: 1,
    holdsRoot: true,
    externalUrl: 'https://kcp.example',
    virtualWorkspaceUrl: 'https://kcp.example',
    caBundle: '',
    homeWorkspaces: false,
    homeCreatorGroups: [],
    tokens: createServiceAccountTokens({
      keys: () => keys,
      clock,
      random,
      validate: () => true,
      holdsToken: () => true,
    }),
    authenticator: createAuthenticator({ clock, anonymous: true, adminTokens: [] }),
    logFault: () => undefined,
    logController: () => undefined,
    ...options,
  });
}

export interface TestAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Serves a shard, and asks it as one of system:masters. */
export async function askTestShard(
  { handler }: Shard,
  clock: Clock,
): Promise<AsyncDisposable & { get(path: string, headers?: OutgoingHttpHeaders): Promise<TestAnswer> }> {
  const authority = await createTestAuthority();
  const [serving, masters] = await Promise.all([
    authority.issue('CN=server'),
    authority.issue('CN=admin, O=system:masters'),
  ]);
  const tls = { ...serving, clientCa: authority.certificate };
  const server = createHttpServer({ tls, clock, onError: () => undefined, handler });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: authority.certificate,
    cert: masters.certificate,
    key: masters.privateKey,
  });
  return {
    async get(path, headers = {}) {
      const stream = session.request({ ...headers, ':path': path });
      const [head] = await once(stream, 'response');
      const body = Buffer.concat(await stream.toArray()).toString();
      return { status: head[':status'], retryAfter: head['retry-after'], body };
    },
    async [Symbol.asyncDispose]() {
      session.close();
      await server.close({ drainMs: 0 });
    },
  };
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };

/** What the shard `one` knows of others: that there are none, and that this is all. */
export function knowsNoOthers(more: Partial<OtherShards> = {}): OtherShards {
  return {
    index: createPathIndex(),
    objects: { get: () => undefined, head: () => undefined, scan: () => [] },
    onChanges: () => nothing,
    onOwnedCluster: () => nothing,
    requests: noOtherShards('one'),
    load: () => 1,
    isFresh: () => true,
    isComplete: () => true,
    catchUp: () => Promise.resolve(true),
    hasServiceAccount: () => Promise.resolve(false),
    ...more,
  };
}
