import type { KubeObject, Revision } from '@kcp-ts/api';
import type { Operation } from '@kcp-ts/storage';
import type { RegistryDependencies } from './registry-dependencies.ts';
import type { ServedResource } from './served-resource.ts';
import { storedObject } from './stored-object.ts';

type Put = Extract<Operation, { op: 'put' }>;

/** When an object of the resource expires that is written now; undefined if it never does. */
export function expiryOf(deps: RegistryDependencies, { strategy }: ServedResource): number | undefined {
  return strategy.timeToLiveMs === undefined ? undefined : deps.clock.now() + strategy.timeToLiveMs;
}

/** Stores an object; `value` is what was stored, once that is committed. */
export function putOperation(
  deps: RegistryDependencies,
  storage: ServedResource,
  object: KubeObject,
  { key, expect, expiresAt }: Pick<Put, 'key' | 'expect' | 'expiresAt'>,
): { readonly operation: Put; value(): Uint8Array } {
  let stored: Uint8Array = new Uint8Array();
  const value = (revision: Revision) => {
    stored = storedObject(storage, object, revision, deps.shardNumber);
    return stored;
  };
  return { operation: { op: 'put', key, expect, value, expiresAt }, value: () => stored };
}
