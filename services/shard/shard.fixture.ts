/** A shard that a test composes itself, with what it wants to look at. */
import { generateKeyPairSync } from 'node:crypto';
import { createAuthenticator, createServiceAccountTokens } from '@kcp-ts/authn';
import { createSystemRandom } from '@kcp-ts/base';
import { noOtherShards } from '@kcp-ts/controllers';
import { createPathIndex } from '@kcp-ts/workspace-index';
import type { Shard, ShardOptions } from './compose.ts';
import { composeShard } from './compose.ts';
import type { Peers } from './peers.ts';

/** It is `one`, number 1, and holds root unless told otherwise. */
export function composeTestShard(
  options: Pick<ShardOptions, 'store' | 'clock'> & Partial<ShardOptions>,
): Promise<Shard> {
  const { clock } = options;
  const random = createSystemRandom();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return composeShard({
    ...{ random, shardName: 'one', shardNumber: 1, holdsRoot: true },
    ...{ externalUrl: 'https://kcp.example', virtualWorkspaceUrl: 'https://kcp.example', caBundle: '' },
    ...{ homeWorkspaces: false, homeCreatorGroups: [] },
    tokens: createServiceAccountTokens({ privateKey: key, clock, random, validate: () => true }),
    authenticator: createAuthenticator({ clock, anonymous: true, adminTokens: [] }),
    logFault: () => undefined,
    logController: () => undefined,
    ...options,
  });
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };

/** What the shard `one` knows of others: that there are none, and that this is all. */
export function peersOfNone(more: Partial<Peers> = {}): Peers {
  return {
    index: createPathIndex(),
    objects: { get: () => undefined, scan: () => [] },
    onChanges: () => nothing,
    onOwnedCluster: () => nothing,
    shards: noOtherShards('one'),
    load: () => 1,
    isFresh: () => true,
    isComplete: () => true,
    catchUp: () => Promise.resolve(true),
    hasServiceAccount: () => Promise.resolve(false),
    ...more,
  };
}
