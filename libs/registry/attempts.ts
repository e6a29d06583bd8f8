import { StatusError } from '@kcp-ts/api';
import type { Entry } from '@kcp-ts/storage';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { objectKey } from './served-resource.ts';
import { untilDurable } from './until-durable.ts';
import type { WriteRequest } from './write-request.ts';

const attemptsMax = 10;

/**
 * Writes what follows from an object as it is now, again where somebody else was faster: then `attempt` resolves to undefined. What it throws is thrown when the
 * state that it was refused for is durable; Conflict where others are always faster.
 */
export async function inAttempts<Result>(
  deps: RegistryDependencies,
  request: WriteRequest & { readonly name: string },
  attempt: (key: string, entry: Entry | undefined) => Promise<Result | undefined>,
): Promise<Result> {
  const { definition, storage } = request.served;
  const key = objectKey(storage, request.cluster, request.namespace, request.name);
  for (let count = 1; count <= attemptsMax; count++) {
    const entry = deps.store.peek(key);
    try {
      const result = await attempt(key, entry);
      if (result !== undefined) return result;
    } catch (refusal) {
      await untilDurable(deps.store, key, entry?.revision);
      throw refusal;
    }
  }
  throw StatusError.conflict(definition, request.name);
}
