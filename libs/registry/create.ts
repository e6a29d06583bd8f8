/**
 * POST: decodes, prunes, defaults, admits, prepares and validates what a client sends, and stores
 * it in one commit with what accompanies it.
 */

import type { KubeObject } from '@kcp-ts/api';
import { StatusError, writeRulesOf } from '@kcp-ts/api';
import { checkKind, checkNamespace, ensureMetadata, fieldsProblem, undecodable } from './check-fields.ts';
import { generatedName, stampCreated, validateObjectMeta } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { expiryOf, putOperation } from './put-operation.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { objectKey } from './served-resource.ts';
import { dryRunObject } from './stored-object.ts';
import type { PreparedWrite, WritePlan } from './write-loop.ts';
import { commitPrepared } from './write-loop.ts';
import { completeWrite, hasStatusSubresource, settle, writeContext } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** A generated name may be taken already. */
const namesMax = 8;

export interface Written {
  /** The stored value, durable now; of a dry run, what would have been stored. */
  readonly value: Uint8Array;
  readonly created: boolean;
}

/**
 * Prepares the create of what a client sent: from there to the object in its storage version,
 * complete but for its resourceVersion. `duplicates`: paths of doubled keys in the body. An object
 * whose name is taken, and was not generated, has to be read.
 */
export async function prepareCreate(
  deps: RegistryDependencies,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<PreparedWrite<Written>> {
  const { served } = request;
  const { definition, strategy, storage } = served;
  const slices = request.slices ?? deps.turns.begin();
  const generated = !sent.metadata?.name;
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
  let names = 1;
  return {
    plan: () => createPlan(deps, request, object),
    onConflict() {
      if (!generated || names++ >= namesMax) return 'read';
      object.metadata.name = generatedName(object.metadata.generateName ?? '', deps.random.integer);
      return 'plan';
    },
  };
}

/** The object and what goes with it, on condition that what it relies on stays as it is. */
function createPlan(
  deps: RegistryDependencies,
  request: WriteRequest,
  object: KubeObject,
): WritePlan<Written> | 'taken' {
  const { storage } = request.served;
  const context = writeContext(deps, request);
  const conditions = settle(deps, request, object, undefined, context);
  const { name } = object.metadata;
  const key = objectKey(storage, request.cluster, request.namespace, name);
  if (request.dryRun) {
    if (deps.store.peekHead(key) !== undefined) return 'taken';
    return { operations: [], answer: () => ({ value: dryRunObject(storage, object), created: true }) };
  }
  const accompany = storage.strategy.accompanyCreate?.(object, context) ?? [];
  const { operation, value } = putOperation(deps, storage, object, {
    key,
    expect: 'absent',
    expiresAt: expiryOf(deps, storage),
  });
  return {
    operations: [operation, ...accompany, ...conditions],
    answer: () => ({ value: value(), created: true }),
  };
}

/** Creates the object that a client sent. `duplicates`: paths of doubled keys in the body. */
export async function create(
  deps: RegistryDependencies,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<Written> {
  const prepared = await prepareCreate(deps, request, sent, duplicates);
  const written = await commitPrepared(deps, request, sent.metadata.name, prepared);
  if (written === undefined) throw StatusError.alreadyExists(request.served.definition, sent.metadata.name);
  return written;
}
