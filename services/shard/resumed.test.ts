import type { KubeObject } from '@kcp-ts/api';
import { isTrueCondition } from '@kcp-ts/api';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, parseStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { composeTestShard } from './shard.fixture.ts';

/** As the last commit of a process that was killed before its controllers had looked at it. */
async function write(store: Store, key: string, object: object): Promise<void> {
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  await store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
}

/** Resolves with the object of a key as soon as it is as it should be. */
async function until<T extends KubeObject>(
  { store, clock }: { readonly store: Store; readonly clock: { advance(ms: number): void } },
  key: string,
  isRight: (object: T) => boolean,
): Promise<T> {
  for (let turns = 0; turns < 5_000; turns++) {
    const entry = store.get(key);
    const object = entry === undefined ? undefined : parseStored<T>(entry.value);
    if (object !== undefined && isRight(object)) return object;
    clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${key} is not as it should be`);
}

it.each([
  ['without an identity', {}],
  ['with the identity of another one', { identity: { secretRef: { namespace: 'kcp-system', name: 'first' } } }],
])('an export %s, made just before a stop, is given its identity by the next start', async (_name, identity) => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  const exported = (name: string, more: object) => ({
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name, uid: name, annotations: { 'kcp.io/cluster': 'root' } },
    spec: { resources: [], ...more },
  });
  const key = (name: string) => exportKey('root', name);
  const hasIdentity = ({ status }: ApiExport) => isTrueCondition(status?.conditions, 'IdentityValid');
  {
    await using _shard = await composeTestShard({ store, clock });
    await write(store, key('first'), exported('first', {}));
    await until({ store, clock }, key('first'), hasIdentity);
  }
  await write(store, key('second'), exported('second', identity));
  await using _shard = await composeTestShard({ store, clock });
  const { status } = await until({ store, clock }, key('second'), hasIdentity);
  expect(status?.identityHash).toHaveLength(64);
});
