/** POST: what is sent → decoded, pruned, defaulted, admitted, prepared, validated, admitted again, stored in one commit with what goes with it. */

import type { FieldError, KubeObject, Revision } from '@kcp-ts/api';
import { StatusError, writeRulesOf } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { pushAll } from '@kcp-ts/base';
import type { Operation } from '@kcp-ts/storage';
import { attributesOfWrite } from './admission.ts';
import { applyDefaults } from './apply-defaults.ts';
import { checkBounds } from './check-bounds.ts';
import { checkKind, checkNamespace, ensureMetadata, fieldsProblem, undecodable } from './check-fields.ts';
import { checkListSizes } from './check-list-sizes.ts';
import { generatedName, stampCreated, validateObjectMeta, warnOfFinalizers } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { timestampOf } from './registry-dependencies.ts';
import type { ServedResource, WriteContext } from './served-resource.ts';
import { noStrategy, objectKey } from './served-resource.ts';
import { dryRunObject, storedObject } from './stored-object.ts';
import { validateInSlices } from './validate-in-slices.ts';
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

export function writeContext(deps: RegistryDependencies, request: WriteRequest): WriteContext {
  return {
    served: request.served.storage,
    requested: request.served,
    cluster: request.cluster,
    namespace: request.namespace,
    user: request.user,
    timestamp: timestampOf(deps.clock.now()),
    dryRun: request.dryRun,
    subresource: request.subresource,
    slices: request.slices ?? deps.turns.begin(),
    warn: request.warn,
  };
}

export function hasStatusSubresource(served: ServedResource): boolean {
  return served.definition.subresources.some((subresource) => subresource.name === 'status');
}

/** Objects are valid in the version that the client speaks, before they are converted. */
export function isCheckedAsStored({ conversion }: ServedResource): boolean {
  return conversion === undefined || conversion.addsFields === true;
}

/** A strategy's rules are about objects of the right shape: of a kind of ours that its schema refuses they say nothing, as CEL rules do not in kcp. */
export function mayJudge({ definition }: ServedResource, errors: readonly FieldError[]): boolean {
  return definition.dialect === 'builtin' || errors.length === 0;
}

/**
 * Strategies prepare objects of the right shape. Decoding has seen to that for built-in kinds; the schema of a kind of ours is asked before its strategy
 * is, since kcp decodes an object before its admission looks at it. Throws StatusError Invalid for values of wrong types.
 */
export async function checkShape(
  { definition, schema, strategy }: ServedResource,
  object: KubeObject,
  old: KubeObject | undefined,
  slices: Slices,
): Promise<void> {
  if (definition.dialect === 'builtin' || strategy === noStrategy) return;
  const errors = await validateInSlices(schema, object, old, slices);
  if (errors.some(({ kind }) => kind === 'TypeInvalid'))
    throw StatusError.invalid(definition, object.metadata.name ?? '', errors);
}

/** Prunes and defaults what admission has changed. */
export function completeAgain(served: ServedResource, object: KubeObject): void {
  served.schema.prune(object);
  applyDefaults(served, object);
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
  checkListSizes(definition, sent);
  applyDefaults(served, sent);
  request.objectFilter?.admit(sent, undefined);
  if (slices.due) await slices.pause();
  const attributes = attributesOfWrite(context, sent, undefined);
  const admitted = deps.admission.admit(attributes, () => completeAgain(served, sent));
  if (admitted !== undefined) await admitted;
  if (slices.due) await slices.pause();
  const errors = [...validateObjectMeta(definition, sent)];
  if (slices.due) await slices.pause();
  let object = sent;
  if (served !== storage) {
    pushAll(errors, await validateInSlices(served.schema, sent, undefined, slices));
    if (errors.length > 0) throw StatusError.invalid(definition, sent.metadata.name ?? '', errors);
    object = served.conversion?.toStorage(sent) ?? sent;
    checkBounds(storage, object, sent.metadata.name ?? '');
    storage.schema.prune(object);
    applyDefaults(storage, object);
    if (slices.due) await slices.pause();
  }
  await checkShape(storage, object, undefined, slices);
  strategy.prepareCreate?.(object, context);
  if (isCheckedAsStored(served)) pushAll(errors, await validateInSlices(storage.schema, object, undefined, slices));
  if (mayJudge(storage, errors)) pushAll(errors, (await strategy.validateCreate?.(object, context)) ?? []);
  if (errors.length > 0) throw StatusError.invalid(definition, object.metadata.name ?? '', errors);
  warnOfFinalizers(definition, object, undefined, request);
  if (slices.due) await slices.pause();
  await strategy.admitCreate?.(object, context);
  const validated = deps.admission.validate(attributesOfWrite(context, object, undefined));
  if (validated !== undefined) await validated;
  if (definition.dialect === 'builtin') storage.schema.omitEmpty(object);
  // What is made for the store is made in one piece, in the commit.
  if (slices.due) await slices.pause();
  return object;
}

/** What depends on other objects, in the turn of the commit; the conditions under which it holds. Throws for a write that a guard refuses. */
export function settle(
  deps: RegistryDependencies,
  request: WriteRequest,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): readonly Operation[] {
  // What the server has set or put back may be what a claim selects by, and the claim may have been rejected meanwhile.
  request.objectFilter?.admit(object, old);
  return deps.admission.settle(attributesOfWrite(context, object, old));
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
