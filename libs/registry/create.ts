/** POST: what is sent → decoded, pruned, defaulted, admitted, prepared, validated, admitted again, stored in one commit with what goes with it. */
import type { Slices } from '@kcp-ts/base';
import { pushAll } from '@kcp-ts/base';
import type { FieldError, KubeObject, Revision } from '@kcp-ts/meta';
import { StatusError, strategyOf } from '@kcp-ts/meta';
import type { Operation } from '@kcp-ts/storage';
import { applyDefaults } from './apply-defaults.ts';
import { checkBounds } from './check-bounds.ts';
import { checkKind, checkNamespace, ensureMetadata, fieldsProblem, undecodable } from './check-fields.ts';
import { checkListSizes } from './check-list-sizes.ts';
import { guardCreate } from './guard-operations.ts';
import { generatedName, stampCreated, validateObjectMeta, warnOfFinalizers } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import type { RegistryNeeds } from './registry-needs.ts';
import { timestampOf } from './registry-needs.ts';
import type { ServedResource, WriteContext } from './served-resource.ts';
import { noBehaviour, objectKey } from './served-resource.ts';
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

export function writeContext(needs: RegistryNeeds, request: WriteRequest): WriteContext {
  return {
    served: request.served.storage,
    requested: request.served,
    cluster: request.cluster,
    namespace: request.namespace,
    user: request.user,
    timestamp: timestampOf(needs.clock.now()),
    dryRun: request.dryRun,
    subresource: request.subresource,
    slices: request.slices ?? needs.turns.begin(),
    warn: request.warn,
  };
}

export function hasStatusSubresource(served: ServedResource): boolean {
  return served.row.subresources.some((subresource) => subresource.name === 'status');
}

/** Objects are valid in the version that the client speaks, before they are converted. */
export function isCheckedAsStored({ conversion }: ServedResource): boolean {
  return conversion === undefined || conversion.addsFields === true;
}

/** A behaviour's rules are about objects of the right shape: of a kind of ours that its schema refuses they say nothing, as CEL rules do not in kcp. */
export function mayJudge({ row }: ServedResource, errors: readonly FieldError[]): boolean {
  return row.dialect === 'builtin' || errors.length === 0;
}

/**
 * Behaviours prepare objects of the right shape. Decoding has seen to that for built-in kinds; the schema of a kind of ours is asked before its behaviour
 * is, since kcp decodes an object before its admission looks at it. Throws StatusError Invalid for values of wrong types.
 */
export async function checkShape(
  { row, schema, behaviour }: ServedResource,
  object: KubeObject,
  old: KubeObject | undefined,
  slices: Slices,
): Promise<void> {
  if (row.dialect === 'builtin' || behaviour === noBehaviour) return;
  const errors = await validateInSlices(schema, object, old, slices);
  if (errors.some(({ kind }) => kind === 'TypeInvalid'))
    throw StatusError.invalid(row, object.metadata.name ?? '', errors);
}

/** From what a client sent to the object in its storage version, complete but for its resourceVersion. */
async function prepareCreate(
  needs: RegistryNeeds,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<KubeObject> {
  const { served } = request;
  const { row, behaviour, storage } = served;
  const slices = request.slices ?? needs.turns.begin();
  if (slices.due) await slices.pause();
  checkKind(served, sent);
  const problem = fieldsProblem(served, sent, duplicates, request);
  if (problem !== undefined) throw undecodable(row, problem);
  if (slices.due) await slices.pause();
  ensureMetadata(sent);
  checkNamespace(request, sent);
  dropRepeatedOwners(sent, request);
  if (sent.metadata.resourceVersion && sent.metadata.resourceVersion !== '0') {
    throw StatusError.badRequest('resourceVersion should not be set on objects to be created');
  }
  const context = writeContext(needs, request);
  stampCreated(sent, {
    cluster: request.cluster,
    namespace: row.namespaced ? request.namespace : '',
    uid: needs.random.uuid(),
    timestamp: context.timestamp,
    generation: strategyOf(storage.row).countsGenerations,
  });
  if (!sent.metadata.name && sent.metadata.generateName)
    sent.metadata.name = generatedName(sent.metadata.generateName, needs.random.integer);
  if (hasStatusSubresource(served) && behaviour.keepsStatusOnCreate !== true) delete sent['status'];
  if (slices.due) await slices.pause();
  checkListSizes(row, sent);
  applyDefaults(served, sent);
  request.guard?.admit(sent, undefined);
  if (slices.due) await slices.pause();
  await needs.admission.mutate(sent, undefined, context);
  if (slices.due) await slices.pause();
  const errors = [...validateObjectMeta(row, sent)];
  if (slices.due) await slices.pause();
  let object = sent;
  if (served !== storage) {
    pushAll(errors, await validateInSlices(served.schema, sent, undefined, slices));
    if (errors.length > 0) throw StatusError.invalid(row, sent.metadata.name ?? '', errors);
    object = served.conversion?.toStorage(sent) ?? sent;
    checkBounds(storage, object, sent.metadata.name ?? '');
    storage.schema.prune(object);
    applyDefaults(storage, object);
    if (slices.due) await slices.pause();
  }
  await checkShape(storage, object, undefined, slices);
  behaviour.prepareCreate?.(object, context);
  if (isCheckedAsStored(served)) pushAll(errors, await validateInSlices(storage.schema, object, undefined, slices));
  if (mayJudge(storage, errors)) pushAll(errors, (await behaviour.validateCreate?.(object, context)) ?? []);
  if (errors.length > 0) throw StatusError.invalid(row, object.metadata.name ?? '', errors);
  warnOfFinalizers(row, object, undefined, request);
  if (slices.due) await slices.pause();
  await behaviour.admitCreate?.(object, context);
  await needs.admission.validate(object, undefined, context);
  if (row.dialect === 'builtin') storage.schema.omitEmpty(object);
  // What is made for the store is made in one piece, in the commit.
  if (slices.due) await slices.pause();
  return object;
}

/** What depends on other objects, in the turn of the commit; the conditions under which it holds. Throws for a write that a guard refuses. */
export function settle(
  needs: RegistryNeeds,
  request: WriteRequest,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): readonly Operation[] {
  // What the server has set or put back may be what a claim selects by, and the claim may have been rejected meanwhile.
  request.guard?.admit(object, old);
  return needs.admission.settle(object, old, context);
}

function createOperations(
  needs: RegistryNeeds,
  request: WriteRequest,
  object: KubeObject,
  keep: (value: Uint8Array) => void,
): Operation[] {
  const { storage } = request.served;
  const context = writeContext(needs, request);
  const conditions = settle(needs, request, object, undefined, context);
  const accompany = storage.behaviour.accompanyCreate?.(object, context) ?? [];
  const ttl = storage.behaviour.timeToLiveMs;
  return [
    ...guardCreate(needs, request, object.metadata.name),
    {
      op: 'put',
      key: objectKey(storage, request.cluster, request.namespace, object.metadata.name),
      expect: 'absent',
      value: (revision: Revision) => {
        const value = storedObject(storage, object, revision, needs.shardNumber);
        keep(value);
        return value;
      },
      ...(ttl === undefined ? {} : { expiresAt: needs.clock.now() + ttl }),
    },
    ...accompany,
    ...conditions,
  ];
}

/** Creates the object that a client sent. `duplicates`: paths of doubled keys in the body. */
export async function create(
  needs: RegistryNeeds,
  request: WriteRequest,
  sent: KubeObject,
  duplicates: readonly string[],
): Promise<Written> {
  const generated = !sent.metadata?.name;
  const object = await prepareCreate(needs, request, sent, duplicates);
  const { row, storage } = request.served;
  if (request.dryRun) {
    settle(needs, request, object, undefined, writeContext(needs, request));
    guardCreate(needs, request, object.metadata.name);
    if (
      needs.store.peekHead(objectKey(storage, request.cluster, request.namespace, object.metadata.name)) !== undefined
    ) {
      throw StatusError.alreadyExists(row, object.metadata.name);
    }
    return { value: dryRunObject(storage, object), created: true };
  }
  for (let attempt = 1; ; attempt++) {
    let value: Uint8Array = new Uint8Array();
    const operations = createOperations(needs, request, object, (stored) => {
      value = stored;
    });
    const result = await needs.store.commit(operations);
    if (result.status === 'committed') return { value, created: true };
    const conflicting = operations[result.index];
    if (conflicting?.op === 'check') {
      guardCreate(needs, request, object.metadata.name);
      throw StatusError.conflict(row, object.metadata.name, 'what the object relies on was deleted meanwhile');
    }
    if (conflicting?.op === 'same' || conflicting?.op === 'unchanged') {
      if (attempt >= settleAttempts) throw StatusError.conflict(row, object.metadata.name, changesAllTheTime);
      continue;
    }
    const own = conflicting?.key === objectKey(storage, request.cluster, request.namespace, object.metadata.name);
    if (attempt >= createAttempts || (own && !generated)) throw StatusError.alreadyExists(row, object.metadata.name);
    if (own) object.metadata.name = generatedName(object.metadata.generateName ?? '', needs.random.integer);
  }
}
