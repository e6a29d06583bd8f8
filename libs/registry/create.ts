/** POST: what is sent → decoded, pruned, defaulted, admitted, prepared, validated, admitted again, stored in one commit with what goes with it. */

import type { KubeObject, Revision } from '@kcp-ts/api';
import { StatusError, writeRulesOf } from '@kcp-ts/api';
import type { Operation } from '@kcp-ts/storage';
import { checkKind, checkNamespace, ensureMetadata, fieldsProblem, undecodable } from './check-fields.ts';
import { generatedName, stampCreated, validateObjectMeta } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { objectKey } from './served-resource.ts';
import { dryRunObject, storedObject } from './stored-object.ts';
import { completeWrite, hasStatusSubresource, settle, writeContext } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** A drawn name (of the object, or of what accompanies it) may be taken already. */
const createAttempts = 8;
/** What the object depends on may change while it is committed; each attempt waits until that is durable. */
export const settleAttempts = 50;
export const changesAllTheTime = 'what the object depends on changes all the time; try again';

export interface Written {
  /** The stored value, durable now; of a dry run, what would have been stored. */
  readonly value: Uint8Array;
  readonly created: boolean;
}

/** From what a client sent to the object in its storage version, complete but for its resourceVersion. */
async function prepareCreate(
  deps: RegistryDependencies,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<KubeObject> {
  const { served } = request;
  const { definition, strategy, storage } = served;
  const slices = request.slices ?? deps.turns.begin();
  if (slices.due) await slices.pause();
  checkKind(served, sent);
  const problem = fieldsProblem(served, sent, duplicates, request);
  if (problem !== undefined) throw undecodable(definition, problem);
  if (slices.due) await slices.pause();
  ensureMetadata(sent);
  checkNamespace(request, sent);
  dropRepeatedOwners(sent, request);
  if (sent.metadata.resourceVersion && sent.metadata.resourceVersion !== '0') {
    throw StatusError.badRequest('resourceVersion should not be set on objects to be created');
  }
  const context = writeContext(deps, request);
  stampCreated(sent, {
    cluster: request.cluster,
    namespace: definition.namespaced ? request.namespace : '',
    uid: deps.random.uuid(),
    timestamp: context.timestamp,
    generation: writeRulesOf(storage.definition).countsGenerations,
  });
  if (!sent.metadata.name && sent.metadata.generateName)
    sent.metadata.name = generatedName(sent.metadata.generateName, deps.random.integer);
  if (hasStatusSubresource(served) && strategy.keepsStatusOnCreate !== true) delete sent['status'];
  if (slices.due) await slices.pause();
  const write = { object: sent, metaErrors: () => [...validateObjectMeta(definition, sent)] };
  const object = await completeWrite(deps, request, context, write, slices);
  // What is made for the store is made in one piece, in the commit.
  if (slices.due) await slices.pause();
  return object;
}

function createOperations(
  deps: RegistryDependencies,
  request: WriteRequest,
  object: KubeObject,
  keep: (value: Uint8Array) => void,
): Operation[] {
  const { storage } = request.served;
  const context = writeContext(deps, request);
  const conditions = settle(deps, request, object, undefined, context);
  const accompany = storage.strategy.accompanyCreate?.(object, context) ?? [];
  const ttl = storage.strategy.timeToLiveMs;
  return [
    {
      op: 'put',
      key: objectKey(storage, request.cluster, request.namespace, object.metadata.name),
      expect: 'absent',
      value: (revision: Revision) => {
        const value = storedObject(storage, object, revision, deps.shardNumber);
        keep(value);
        return value;
      },
      ...(ttl === undefined ? {} : { expiresAt: deps.clock.now() + ttl }),
    },
    ...accompany,
    ...conditions,
  ];
}

/** Creates the object that a client sent. `duplicates`: paths of doubled keys in the body. */
export async function create(
  deps: RegistryDependencies,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<Written> {
  const generated = !sent.metadata?.name;
  const object = await prepareCreate(deps, request, sent, duplicates);
  const { definition, storage } = request.served;
  if (request.dryRun) {
    settle(deps, request, object, undefined, writeContext(deps, request));
    if (
      deps.store.peekHead(objectKey(storage, request.cluster, request.namespace, object.metadata.name)) !== undefined
    ) {
      throw StatusError.alreadyExists(definition, object.metadata.name);
    }
    return { value: dryRunObject(storage, object), created: true };
  }
  for (let attempt = 1; ; attempt++) {
    let value: Uint8Array = new Uint8Array();
    const operations = createOperations(deps, request, object, (stored) => {
      value = stored;
    });
    const result = await deps.store.commit(operations);
    if (result.status === 'committed') return { value, created: true };
    const conflicting = operations[result.index];
    if (conflicting?.op === 'check') {
      // What is gone or going is said in its own words.
      settle(deps, request, object, undefined, writeContext(deps, request));
      throw StatusError.conflict(definition, object.metadata.name, 'what the object relies on was deleted meanwhile');
    }
    if (conflicting?.op === 'same' || conflicting?.op === 'unchanged') {
      if (attempt >= settleAttempts) throw StatusError.conflict(definition, object.metadata.name, changesAllTheTime);
      continue;
    }
    const own = conflicting?.key === objectKey(storage, request.cluster, request.namespace, object.metadata.name);
    if (attempt >= createAttempts || (own && !generated))
      throw StatusError.alreadyExists(definition, object.metadata.name);
    if (own) object.metadata.name = generatedName(object.metadata.generateName ?? '', deps.random.integer);
  }
}
