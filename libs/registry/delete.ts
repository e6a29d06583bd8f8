/**
 * DELETE: removes an object, or sets its deletionTimestamp where finalizers or a controller have
 * the last word.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@kcp-ts/api';
import { StatusError, writeRulesOf } from '@kcp-ts/api';
import type { Entry } from '@kcp-ts/storage';
import { putOperation } from './put-operation.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { currentObject, dryRunObject } from './stored-object.ts';
import { untilDurable } from './until-durable.ts';
import type { PreparedWrite, WritePlan } from './write-loop.ts';
import { writeInAttempts } from './write-loop.ts';
import { writeContext } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteRequest extends WriteRequest {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: Propagation | undefined;
}

export interface Deleted {
  /** The last state: of an object that is being deleted the one with its deletionTimestamp. */
  readonly value: Uint8Array;
  readonly removed: boolean;
  readonly uid: string;
}

const propagationFinalizer: Readonly<Partial<Record<Propagation, string>>> = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
};
const propagationFinalizers = new Set(Object.values(propagationFinalizer));

/** Names the kind, as k8s.io/apiserver's rest.BeforeDelete does. */
function checkPreconditions({ served, name, uid, resourceVersion }: DeleteRequest, { metadata }: KubeObject): void {
  const { group, kind } = served.definition;
  // Namespaces are deleted by a storage of their own, which has other words.
  if (served.definition.dialect === 'builtin' && served.storage.strategy.deletesLater === true) {
    const differs = (what: string, sent: string, stored: string | undefined) =>
      StatusError.conflict(
        served.definition,
        name,
        `Precondition failed: ${what} in precondition: ${sent}, ${what} in object meta: ${stored}`,
      );
    if (uid !== undefined && uid !== metadata.uid) throw differs('UID', uid, metadata.uid);
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
      throw differs('ResourceVersion', resourceVersion, metadata.resourceVersion);
    return;
  }
  const refuse = (why: string) => StatusError.conflict({ group, plural: kind }, name, why);
  if (uid !== undefined && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/**
 * What becomes of dependents is a finalizer: the one that is asked for takes the place of the
 * other, and of both where dependents go in the background
 * (rest.deletionFinalizersForGarbageCollection). True where that changes the object.
 */
function setPropagation({ metadata }: KubeObject, propagation: Propagation | undefined): boolean {
  if (propagation === undefined) return false;
  const before = metadata.finalizers ?? [];
  const wanted = propagationFinalizer[propagation];
  const others = before.filter((finalizer) => finalizer === wanted || !propagationFinalizers.has(finalizer));
  const after = wanted === undefined || others.includes(wanted) ? others : [...others, wanted];
  if (isDeepStrictEqual(before, after)) return false;
  if (after.length === 0) delete metadata.finalizers;
  else metadata.finalizers = after;
  return true;
}

/** Sets the deletionTimestamp of an object; false where it is already and nothing changes. */
function setDeleting(deps: RegistryDependencies, request: DeleteRequest, object: KubeObject): boolean {
  const { storage } = request.served;
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) return false;
  const context = writeContext(deps, request);
  metadata.deletionTimestamp = context.timestamp;
  metadata.deletionGracePeriodSeconds = 0;
  if (writeRulesOf(storage.definition).countsGenerations) metadata.generation = (metadata.generation ?? 0) + 1;
  storage.strategy.prepareDelete?.(object, context);
  return true;
}

/** What is left to commit of a deletion that admission has let pass. */
function removalPlan(
  deps: RegistryDependencies,
  request: DeleteRequest,
  object: KubeObject,
  { key, revision: expect, value: stored }: Entry,
): WritePlan<Deleted> {
  const { storage } = request.served;
  const uid = object.metadata.uid ?? '';
  const propagated = setPropagation(object, request.propagation);
  const waits = storage.strategy.deletesLater === true || (object.metadata.finalizers ?? []).length > 0;
  if (waits && !setDeleting(deps, request, object) && !propagated) {
    const answer = async () => {
      await untilDurable(deps.store, key, expect);
      return { value: stored, removed: false, uid };
    };
    return { operations: [], answer };
  }
  if (request.dryRun) {
    const answer = () => ({ value: dryRunObject(storage, object), removed: !waits, uid });
    return { operations: [], answer };
  }
  if (!waits)
    return { operations: [{ op: 'delete', key, expect }], answer: () => ({ value: stored, removed: true, uid }) };
  const { operation, value } = putOperation(deps, storage, object, { key, expect });
  return { operations: [operation], answer: () => ({ value: value(), removed: false, uid }) };
}

async function prepare(
  deps: RegistryDependencies,
  request: DeleteRequest,
  entry: Entry | undefined,
): Promise<PreparedWrite<Deleted>> {
  const { definition, storage } = request.served;
  if (entry === undefined) throw StatusError.notFound(definition, request.name);
  const object = currentObject(storage, entry.value);
  if (request.objectFilter?.isVisible(object) === false) throw StatusError.notFound(definition, request.name);
  checkPreconditions(request, object);
  const context = writeContext(deps, request);
  const attributes = { ...context, operation: 'DELETE', object: undefined, oldObject: object } as const;
  const admitted = deps.admission.admit(attributes, () => undefined);
  if (admitted !== undefined) await admitted;
  await storage.strategy.admitDelete?.(object, context);
  const validated = deps.admission.validate(attributes);
  if (validated !== undefined) await validated;
  return { plan: () => removalPlan(deps, request, object, entry), onConflict: () => 'read' };
}

/**
 * Deletes one object. Throws StatusError NotFound if there is none, and Conflict if a precondition
 * does not hold.
 */
export function remove(deps: RegistryDependencies, request: DeleteRequest): Promise<Deleted> {
  return writeInAttempts(deps, request, (entry) => prepare(deps, request, entry));
}
